package io.evenkeel.rsocket;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackage;
import static com.tngtech.archunit.lang.conditions.ArchConditions.haveModifier;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** An adapter knows core and its own library, and no other adapter. */
class OneWayFlowTest {

    private static final JavaClasses RSOCKET = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_JARS)
            .importPackages("io.evenkeel.rsocket");

    @Test
    void the_adapter_knows_core_and_no_other_module() {
        classes()
                .should()
                .onlyDependOnClassesThat(resideOutsideOfPackage("io.evenkeel..")
                        .or(resideInAnyPackage(
                                "io.evenkeel.rsocket..",
                                "io.evenkeel.adapter",
                                "io.evenkeel.balance",
                                "io.evenkeel.endpoint",
                                "io.evenkeel.event",
                                "io.evenkeel.health",
                                "io.evenkeel.plan",
                                "io.evenkeel.source",
                                "io.evenkeel.status",
                                "io.evenkeel.time",
                                "io.evenkeel.adapter",
                                "io.evenkeel.watch")))
                .check(RSOCKET);
    }

    @Test
    void the_adapter_needs_no_library_but_rsocket_and_what_comes_with_it() {
        classes()
                .should()
                .onlyDependOnClassesThat(resideInAnyPackage(
                        "io.evenkeel..",
                        "java..",
                        "javax.net.ssl..",
                        "org.slf4j..",
                        "org.jspecify.annotations..",
                        "com.google.errorprone.annotations..",
                        "org.reactivestreams..",
                        "reactor..",
                        "io.netty..",
                        "io.rsocket..",
                        "io.github.resilience4j.."))
                .check(RSOCKET);
    }

    @Test
    void only_the_retry_needs_the_optional_library() {
        noClasses()
                .that()
                .haveNameNotMatching(".*IdempotentRetry.*")
                .should()
                .dependOnClassesThat(resideInAnyPackage("io.github.resilience4j.."))
                .check(RSOCKET);
    }

    @Test
    void nothing_is_written_to_the_standard_streams() {
        noClasses().should(ACCESS_STANDARD_STREAMS).check(RSOCKET);
    }

    @Test
    void nothing_is_locked_by_a_synchronized_method() {
        methods().should().notHaveModifier(JavaModifier.SYNCHRONIZED).check(RSOCKET);
    }

    @Test
    void classes_are_final_unless_abstract_or_extended_within_their_package() {
        classes()
                .that(describe("can be extended by accident", OneWayFlowTest::isPlainClass))
                .should(haveModifier(JavaModifier.FINAL).or(haveModifier(JavaModifier.ABSTRACT)))
                .check(RSOCKET);
    }

    private static boolean isPlainClass(JavaClass type) {
        boolean extended =
                !type.getSubclasses().isEmpty() && !type.getModifiers().contains(JavaModifier.PUBLIC);
        return !type.isInterface() && !type.isEnum() && !type.isAnonymousClass() && !extended;
    }
}
