package dev.weir.standalone.reference;

import com.sun.source.doctree.DocCommentTree;
import com.sun.source.doctree.DocTree;
import com.sun.source.doctree.LinkTree;
import com.sun.source.doctree.LiteralTree;
import com.sun.source.doctree.ParamTree;
import com.sun.source.doctree.TextTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.util.DocTrees;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreePathScanner;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;

/**
 * What the sources say of classes, record components and methods: the references' texts are the
 * code's own, written once.
 */
final class Javadocs {

  private final Map<String, String> texts = new HashMap<>();

  private Javadocs() {}

  /** Reads the sources of the given classes, nested ones included. */
  static Javadocs of(Path sources, List<Class<?>> classes) {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    Javadocs docs = new Javadocs();
    try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
      List<Path> paths =
          classes.stream()
              .map(each -> sources.resolve(each.getName().replace('.', '/') + ".java"))
              .toList();
      JavacTask task =
          (JavacTask)
              compiler.getTask(
                  null, files, null, List.of(), null, files.getJavaFileObjectsFromPaths(paths));
      DocTrees trees = DocTrees.instance(task);
      for (CompilationUnitTree unit : task.parse()) {
        docs.read(trees, unit);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return docs;
  }

  /** The first sentences of a class; empty when it has no comment. */
  Optional<String> of(Class<?> type) {
    return Optional.ofNullable(texts.get(type.getSimpleName()));
  }

  /** What a record's comment says of a component. */
  Optional<String> of(Class<?> record, String component) {
    return Optional.ofNullable(texts.get(record.getSimpleName() + "#" + component));
  }

  private void read(DocTrees trees, CompilationUnitTree unit) {
    new TreePathScanner<@Nullable Void, String>() {
      @Override
      public @Nullable Void visitClass(ClassTree type, String outer) {
        String name = type.getSimpleName().toString();
        keep(name, trees.getDocCommentTree(getCurrentPath()));
        return super.visitClass(type, name);
      }

      @Override
      public @Nullable Void visitMethod(MethodTree method, String outer) {
        String name = outer + "#" + method.getName();
        keep(name, trees.getDocCommentTree(getCurrentPath()));
        return null;
      }
    }.scan(unit, "");
  }

  private void keep(String name, @Nullable DocCommentTree comment) {
    if (comment == null) {
      return;
    }
    texts.putIfAbsent(name, plain(comment.getFullBody()));
    for (DocTree tag : comment.getBlockTags()) {
      if (tag instanceof ParamTree parameter && !parameter.isTypeParameter()) {
        texts.putIfAbsent(name + "#" + parameter.getName(), plain(parameter.getDescription()));
      }
    }
  }

  /** The text without markup, in one line per paragraph's worth. */
  private static String plain(List<? extends DocTree> parts) {
    return parts.stream()
        .map(Javadocs::plain)
        .collect(Collectors.joining())
        .replaceAll("\\s+", " ")
        .strip();
  }

  private static String plain(DocTree part) {
    if (part instanceof TextTree text) {
      return text.getBody();
    }
    if (part instanceof LiteralTree literal) {
      return literal.getBody().getBody();
    }
    if (part instanceof LinkTree link) {
      String label = plain(link.getLabel());
      return label.isEmpty() ? link.getReference().getSignature().replace('#', '.') : label;
    }
    return " ";
  }
}
