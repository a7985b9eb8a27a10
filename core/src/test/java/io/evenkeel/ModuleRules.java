package io.evenkeel;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackage;
import static com.tngtech.archunit.lang.conditions.ArchConditions.haveModifier;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The rules that hold in every module that is deployed. A module's {@code OneWayFlowTest} implements this and adds what is
 * its own: what it may know.
 */
public interface ModuleRules {

    /** What an adapter may know of ours besides itself: all of core, and no other module. */
    Set<String> CORE_PACKAGES = Set.of(
            "io.evenkeel.adapter",
            "io.evenkeel.balance",
            "io.evenkeel.endpoint",
            "io.evenkeel.event",
            "io.evenkeel.health",
            "io.evenkeel.pick",
            "io.evenkeel.plan",
            "io.evenkeel.source",
            "io.evenkeel.source.dns",
            "io.evenkeel.source.fallback",
            "io.evenkeel.source.file",
            "io.evenkeel.spi",
            "io.evenkeel.status",
            "io.evenkeel.time",
            "io.evenkeel.watch");

    /** The module's classes, as {@link #mainClassesIn} reads them: read once, since that takes a while. */
    JavaClasses module();

    /** The classes in and below the package that are neither tests nor in a jar, which is another module's. */
    static JavaClasses mainClassesIn(String name) {
        return new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_JARS)
                .importPackages(name);
    }

    /** Of ours, nothing is known but these packages and core's marks of the API; what is not ours doesn't matter. */
    static ArchRule knowNothingOfOursBut(Set<String> packages) {
        return classes()
                .should()
                .onlyDependOnClassesThat(resideOutsideOfPackage("io.evenkeel..")
                        .or(resideInAnyPackage("io.evenkeel"))
                        .or(resideInAnyPackage(packages.toArray(String[]::new))));
    }

    /** {@link #knowNothingOfOursBut} core and the adapter's own packages. */
    static ArchRule knowNothingOfOursButCoreAnd(String own) {
        return knowNothingOfOursBut(
                Set.copyOf(Stream.concat(CORE_PACKAGES.stream(), Stream.of(own)).toList()));
    }

    /** Nothing is needed but ours, Java, what every module may have, and these packages. */
    static ArchRule needNoLibraryBut(String... packages) {
        List<String> everywhere = List.of(
                "io.evenkeel..",
                "java..",
                "org.slf4j..",
                "org.jspecify.annotations..",
                "com.google.errorprone.annotations..");
        return classes()
                .should()
                .onlyDependOnClassesThat(resideInAnyPackage(
                        Stream.concat(everywhere.stream(), Stream.of(packages)).toArray(String[]::new)));
    }

    @Test
    default void there_are_classes_to_look_at() {
        assertThat(module()).as("classes of the module").isNotEmpty();
    }

    /** How many cycles of classes the module has, for reasons that its test gives. Defaults to none being looked for. */
    default int classCycles() {
        return Integer.MAX_VALUE;
    }

    /** How many classes the largest of these cycles has. Defaults to no bound. */
    default int largestClassCycle() {
        return Integer.MAX_VALUE;
    }

    @Test
    default void classes_have_no_more_cycles_than_are_explained() {
        List<SortedSet<String>> cycles = ClassCycles.in(module());
        System.out.println(getClass().getPackageName() + ": " + cycles.size() + " cycles of classes " + cycles);
        assertThat(cycles).hasSizeLessThanOrEqualTo(classCycles());
        assertThat(cycles)
                .as("cycles of no more than %d classes", largestClassCycle())
                .allSatisfy(cycle -> assertThat(cycle).hasSizeLessThanOrEqualTo(largestClassCycle()));
    }

    @Test
    default void main_code_is_written_in_the_fields_words_and_in_lines_of_120() throws IOException {
        assertThat(Wording.offences(Path.of("src", "main", "java"))).isEmpty();
    }

    @Test
    default void time_enters_only_through_a_ticker() {
        noClasses()
                .that()
                .resideOutsideOfPackage("io.evenkeel.time")
                .should()
                .accessTargetWhere(Outside.CLOCK)
                .check(module());
    }

    @Test
    default void nothing_is_locked_by_a_synchronized_method() {
        methods().should().notHaveModifier(JavaModifier.SYNCHRONIZED).check(module());
    }

    /** RabbitMQ's client brings slf4j 1.7 with it, which has no fluent loggers. */
    @Test
    default void loggers_are_used_as_slf4j_1_7_has_them() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.slf4j.spi..", "org.slf4j.event..")
                .check(module());
    }

    @Test
    default void nothing_is_written_to_the_standard_streams() {
        noClasses().should(ACCESS_STANDARD_STREAMS).check(module());
    }

    @Test
    default void classes_are_final_unless_abstract_or_extended_within_their_package() {
        classes()
                .that(describe(
                        "can be extended by accident",
                        type -> isPlainClass(type) && !mayBeProxied().contains(type.getName())))
                .should(haveModifier(JavaModifier.FINAL).or(haveModifier(JavaModifier.ABSTRACT)))
                .check(module());
    }

    /** Names of public classes that frameworks put a subclass in front of, as a proxy. */
    default Set<String> mayBeProxied() {
        return Set.of();
    }

    private static boolean isPlainClass(JavaClass type) {
        boolean extended =
                !type.getSubclasses().isEmpty() && !type.getModifiers().contains(JavaModifier.PUBLIC);
        return !type.isInterface() && !type.isEnum() && !type.isAnonymousClass() && !extended;
    }
}
