package dev.weir.standalone;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.junit.ArchTests;
import com.tngtech.archunit.lang.ArchRule;
import dev.weir.testing.PackageLoops;

@AnalyzeClasses(packages = "dev.weir", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

  @ArchTest static final ArchTests PACKAGES = ArchTests.in(PackageLoops.class);

  @ArchTest
  static final ArchRule SERVICES_DO_NOT_KNOW_EACH_OTHER =
      slices()
          .matching("dev.weir.(curation|trainer|inference|broker)..")
          .should()
          .notDependOnEachOther();

  @ArchTest
  static final ArchRule NOBODY_KNOWS_STANDALONE =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.weir.standalone..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("dev.weir.standalone..");
}
