package dev.weir.testing;

import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The rule of every module: its packages import each other in one direction. */
public final class PackageLoops {

  /** Each package is a slice of its own, whatever package it lies in. */
  @ArchTest
  static final ArchRule PACKAGES_HAVE_NO_LOOPS =
      slices().matching("dev.weir.(**)").should().beFreeOfCycles();

  private PackageLoops() {}
}
