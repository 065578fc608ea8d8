package dev.weir.inference;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.junit.ArchTests;
import com.tngtech.archunit.lang.ArchRule;
import dev.weir.testing.PackageLoops;

@AnalyzeClasses(packages = "dev.weir.inference", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

  @ArchTest static final ArchTests PACKAGES = ArchTests.in(PackageLoops.class);

  @ArchTest
  static final ArchRule dependsOnCommonOnly =
      noClasses()
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "dev.weir.curation..",
              "dev.weir.trainer..",
              "dev.weir.standalone..",
              "dev.weir.broker..");

  @ArchTest
  static final ArchRule scoringKnowsNoTransport =
      noClasses()
          .that()
          .resideInAPackage("..inference.score..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("..inference.http..", "..inference.stream..", "io.vertx..")
          .orShould()
          .dependOnClassesThat()
          .resideInAPackage("org.apache.kafka..");

  @ArchTest
  static final ArchRule adaptersKnowNoScoring =
      noClasses()
          .that()
          .resideInAnyPackage("..inference.device..", "..inference.slot..", "..inference.release..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "..inference.score..",
              "..inference.control..",
              "..inference.http..",
              "..inference.stream..",
              "io.vertx..");

  @ArchTest
  static final ArchRule controlsKnowNeitherScoringNorPaths =
      noClasses()
          .that()
          .resideInAPackage("..inference.control..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("..inference.score..", "..inference.http..", "..inference.stream..");

  @ArchTest
  static final ArchRule pathsKnowNothingOfEachOther =
      noClasses()
          .that()
          .resideInAPackage("..inference.stream..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("..inference.http..", "io.vertx..");

  @ArchTest
  static final ArchRule feedsKnowOnlyTheirTopics =
      noClasses()
          .that()
          .resideInAPackage("..inference.feed..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "..inference.slot..",
              "..inference.release..",
              "..inference.score..",
              "..inference.stream..",
              "..inference.http..");

  @ArchTest
  static final ArchRule onlyHttpKnowsVertx =
      noClasses()
          .that()
          .resideOutsideOfPackage("..inference.http..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.vertx..");
}
