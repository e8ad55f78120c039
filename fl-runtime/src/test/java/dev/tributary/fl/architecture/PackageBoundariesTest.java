// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;

/** What the packages of this module may know of each other. */
@AnalyzeClasses(packages = "dev.tributary.fl", importOptions = ImportOption.DoNotIncludeTests.class)
class PackageBoundariesTest {
  @ArchTest
  static final ArchRule only_the_engine_touches_djls_pytorch =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.tributary.fl.script..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("ai.djl.pytorch..", "ai.djl.ndarray..", "ai.djl.engine..")
          .because("another engine must find one place to take");

  @ArchTest
  static final ArchRule models_are_described_without_an_engine =
      noClasses()
          .that()
          .resideInAnyPackage("dev.tributary.fl.model..", "dev.tributary.fl.adapter..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("dev.tributary.fl.script..", "ai.djl..");

  @ArchTest
  static final ArchRule packages_form_no_cycle =
      slices().assignedFrom(new Packages()).should().beFreeOfCycles();

  /**
   * A slice a package, but {@code model} and {@code adapter} together: an adapter is described in
   * terms of the model that it changes, and a model is asked for an adapter's weights.
   */
  private static final class Packages implements SliceAssignment {
    private static final String ROOT = "dev.tributary.fl.";

    @Override
    public SliceIdentifier getIdentifierOf(JavaClass type) {
      if (!type.getPackageName().startsWith(ROOT)) {
        return SliceIdentifier.ignore();
      }
      String rest = type.getPackageName().substring(ROOT.length());
      String name = rest.contains(".") ? rest.substring(0, rest.indexOf('.')) : rest;
      return SliceIdentifier.of(name.equals("adapter") ? "model" : name);
    }

    @Override
    public String getDescription() {
      return "packages of dev.tributary.fl";
    }
  }
}
