package dev.weir.curation;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.junit.ArchTests;
import com.tngtech.archunit.lang.ArchRule;
import dev.weir.testing.PackageLoops;

@AnalyzeClasses(packages = "dev.weir.curation", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

  @ArchTest static final ArchTests PACKAGES = ArchTests.in(PackageLoops.class);

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
  static final ArchRule NEEDS_NO_MODEL_AND_NO_STORE =
      noClasses()
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("dev.weir.model..", "dev.weir.store..");
}
