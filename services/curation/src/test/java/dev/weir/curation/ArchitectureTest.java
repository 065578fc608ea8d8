package dev.weir.curation;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(packages = "dev.weir.curation", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

  @ArchTest
  static final ArchRule DEPENDS_ON_COMMON_ONLY =
      noClasses()
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "dev.weir.trainer..",
              "dev.weir.inference..",
              "dev.weir.standalone..",
              "dev.weir.broker..");

  @ArchTest
  static final ArchRule NEEDS_NO_MODEL =
      noClasses().should().dependOnClassesThat().resideInAnyPackage("dev.weir.common.model..");

  @ArchTest
  static final ArchRule ROOMS_HAVE_NO_CYCLES =
      slices().matching("dev.weir.curation.(**)").should().beFreeOfCycles();
}
