package dev.weir.service;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.junit.ArchTests;
import com.tngtech.archunit.lang.ArchRule;
import dev.weir.testing.PackageLoops;

/** What every service process has, without models. */
@AnalyzeClasses(packages = "dev.weir.service", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

  @ArchTest static final ArchTests PACKAGES = ArchTests.in(PackageLoops.class);

  @ArchTest
  static final ArchRule DEPENDS_ON_THESE_ALONE =
      classes()
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              "dev.weir.service..",
              "java..",
              "org.jspecify..",
              "dev.weir.contract..",
              "com.fasterxml.jackson..",
              "org.apache.kafka..",
              "io.micrometer..",
              "io.prometheus..",
              "io.opentelemetry..",
              "org.bouncycastle..",
              "com.sun.net.httpserver..",
              "com.sun.management..",
              "javax..",
              "org.slf4j..");
}
