package dev.weir.store;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.junit.ArchTests;
import com.tngtech.archunit.lang.ArchRule;
import dev.weir.testing.PackageLoops;

/** Artifacts, without models. */
@AnalyzeClasses(packages = "dev.weir.store", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

  @ArchTest static final ArchTests PACKAGES = ArchTests.in(PackageLoops.class);

  @ArchTest
  static final ArchRule DEPENDS_ON_THESE_ALONE =
      classes()
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              "dev.weir.store..",
              "java..",
              "org.jspecify..",
              "dev.weir.contract..",
              "dev.weir.service..",
              "com.fasterxml.jackson..",
              "org.bouncycastle..",
              "software.amazon.awssdk..",
              "org.slf4j..");
}
