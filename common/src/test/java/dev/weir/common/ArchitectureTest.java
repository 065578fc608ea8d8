package dev.weir.common;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(packages = "dev.weir", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

  @ArchTest
  static final ArchRule EVENTS_KNOW_NO_FRAMEWORK =
      noClasses()
          .that()
          .resideInAPackage("dev.weir.common.event..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "org.apache.kafka..",
              "io.vertx..",
              "ai.djl..",
              "ai.onnxruntime..",
              "io.micrometer..");

  @ArchTest
  static final ArchRule COMMON_KNOWS_NO_SERVICE =
      noClasses()
          .that()
          .resideInAPackage("dev.weir.common..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "dev.weir.curation..",
              "dev.weir.trainer..",
              "dev.weir.inference..",
              "dev.weir.standalone..",
              "dev.weir.broker..");
}
