// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(packages = "dev.tributary", importOptions = ImportOption.DoNotIncludeTests.class)
class ModuleBoundariesTest {
  @ArchTest
  static final ArchRule training_and_evaluation_know_no_spark =
      noClasses()
          .that()
          .resideInAnyPackage("dev.tributary.fl..", "dev.tributary.evaluation..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "org.apache.spark..",
              "org.apache.hadoop..",
              "scala..",
              "dev.tributary.data..",
              "dev.tributary.jobs..")
          .because("they run and are tested in a plain JVM");

  @ArchTest
  static final ArchRule training_knows_no_evaluation =
      noClasses()
          .that()
          .resideInAPackage("dev.tributary.fl..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("dev.tributary.evaluation..");

  @ArchTest
  static final ArchRule preparation_shares_only_texts_with_training =
      noClasses()
          .that()
          .resideInAPackage("dev.tributary.data..")
          .should()
          .dependOnClassesThat(
              resideInAnyPackage("dev.tributary..")
                  .and(
                      not(
                          resideInAnyPackage(
                              "dev.tributary.data..",
                              "dev.tributary.fl.text..",
                              "dev.tributary.fl.config..",
                              "dev.tributary.fl.seed.."))))
          .because("a corpus is prepared without a model");

  @ArchTest
  static final ArchRule only_the_script_package_touches_djl_internals =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.tributary.fl.script..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("ai.djl.pytorch..")
          .because("the engine must be replaceable in one place");

  @ArchTest
  static final ArchRule packages_of_jobs_form_no_cycle =
      slices().matching("dev.tributary.jobs.(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule what_jobs_are_made_of_does_not_know_the_jobs =
      noClasses()
          .that()
          .resideInAnyPackage("dev.tributary.jobs.spark..", "dev.tributary.jobs.run..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("dev.tributary.jobs", "dev.tributary.jobs.cli..");

  @ArchTest
  static final ArchRule only_the_driver_fetches_models =
      noClasses()
          .that()
          .resideOutsideOfPackages(
              "dev.tributary.fl.hub..", "dev.tributary.jobs", "dev.tributary.jobs.checkpoint..")
          .and()
          .resideOutsideOfPackages("dev.tributary.jobs.cli..", "dev.tributary.jobs.experiment..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("dev.tributary.fl.hub..", "dev.tributary.jobs.checkpoint..")
          .because("executors read directories, and ask no hub");

  @ArchTest
  static final ArchRule only_the_command_line_prints =
      noClasses()
          .that()
          .resideInAPackage("dev.tributary..")
          .and()
          .resideOutsideOfPackages(
              "dev.tributary", "dev.tributary.jobs.cli..", "dev.tributary.jobs.progress..")
          .should(ACCESS_STANDARD_STREAMS);
}
