package dev.weir.model;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.junit.ArchTests;
import com.tngtech.archunit.lang.ArchRule;
import dev.weir.testing.PackageLoops;

/** Models without Kafka, metrics, HTTP or a store. */
@AnalyzeClasses(packages = "dev.weir.model", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

  @ArchTest static final ArchTests PACKAGES = ArchTests.in(PackageLoops.class);

  @ArchTest
  static final ArchRule DEPENDS_ON_THESE_ALONE =
      classes()
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              "dev.weir.model..",
              "java..",
              "org.jspecify..",
              "dev.weir.contract..",
              "com.fasterxml.jackson..",
              "ai.onnxruntime..",
              "ai.onnx..",
              "com.google.protobuf..",
              "ai.djl.huggingface..",
              "com.sun.jna..",
              "org.slf4j..");
}
