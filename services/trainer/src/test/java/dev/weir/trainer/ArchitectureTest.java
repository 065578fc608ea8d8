package dev.weir.trainer;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import ai.djl.ndarray.NDArray;
import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.junit.ArchTests;
import com.tngtech.archunit.lang.ArchRule;
import dev.weir.testing.PackageLoops;

@AnalyzeClasses(packages = "dev.weir.trainer", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

  @ArchTest static final ArchTests PACKAGES = ArchTests.in(PackageLoops.class);

  /** See docs/decisions/0004-memory-ownership-of-djl-arrays.md. */
  @ArchTest
  static final ArchRule noOperatorOnAPlainNumber =
      noClasses()
          .should()
          .callMethodWhere(
              new DescribedPredicate<JavaMethodCall>("an NDArray's operator takes a Number") {
                @Override
                public boolean test(JavaMethodCall call) {
                  return call.getTargetOwner().isAssignableTo(NDArray.class)
                      && call.getTarget().getRawParameterTypes().stream()
                          .anyMatch(type -> type.isEquivalentTo(Number.class));
                }
              });

  @ArchTest
  static final ArchRule onlyTheRuntimeWrapsJavaBuffers =
      noClasses()
          .that()
          .haveSimpleNameNotStartingWith("TorchRuntime")
          .should()
          .callMethodWhere(
              new DescribedPredicate<JavaMethodCall>("NDManager.create or NDArray.set is called") {
                @Override
                public boolean test(JavaMethodCall call) {
                  String name = call.getName();
                  return call.getTargetOwner().getPackageName().equals("ai.djl.ndarray")
                      && (name.equals("create") || name.equals("set"));
                }
              });

  @ArchTest
  static final ArchRule servicesDependOnCommonOnly =
      classes()
          .should()
          .onlyDependOnClassesThat()
          .resideOutsideOfPackages(
              "dev.weir.curation..", "dev.weir.inference..", "dev.weir.standalone..");

  @ArchTest
  static final ArchRule fittingKnowsNoKafka =
      noClasses()
          .that()
          .resideInAnyPackage(
              "..torch..",
              "..encoder..",
              "..lora..",
              "..fit..",
              "..serving..",
              "..evaluate..",
              "..export..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("org.apache.kafka..");
}
