package io.evenkeel.amqp;

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

    private static final JavaClasses AMQP = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_JARS)
            .importPackages("io.evenkeel.amqp");

    @Test
    void the_adapter_knows_core_and_no_other_module() {
        classes()
                .should()
                .onlyDependOnClassesThat(resideOutsideOfPackage("io.evenkeel..")
                        .or(resideInAnyPackage(
                                "io.evenkeel.amqp..",
                                "io.evenkeel.adapter",
                                "io.evenkeel.balance",
                                "io.evenkeel.endpoint",
                                "io.evenkeel.event",
                                "io.evenkeel.health",
                                "io.evenkeel.plan",
                                "io.evenkeel.source",
                                "io.evenkeel.status",
                                "io.evenkeel.time",
                                "io.evenkeel.watch")))
                .check(AMQP);
    }

    @Test
    void the_adapter_needs_no_library_but_the_client() {
        classes()
                .should()
                .onlyDependOnClassesThat(resideInAnyPackage(
                        "io.evenkeel..",
                        "java..",
                        "org.slf4j..",
                        "org.jspecify.annotations..",
                        "com.google.errorprone.annotations..",
                        "com.rabbitmq.client.."))
                .check(AMQP);
    }

    @Test
    void nothing_is_written_to_the_standard_streams() {
        noClasses().should(ACCESS_STANDARD_STREAMS).check(AMQP);
    }

    @Test
    void nothing_is_locked_by_a_synchronized_method() {
        methods().should().notHaveModifier(JavaModifier.SYNCHRONIZED).check(AMQP);
    }

    @Test
    void classes_are_final_unless_abstract_or_extended_within_their_package() {
        classes()
                .that(describe("can be extended by accident", OneWayFlowTest::isPlainClass))
                .should(haveModifier(JavaModifier.FINAL).or(haveModifier(JavaModifier.ABSTRACT)))
                .check(AMQP);
    }

    private static boolean isPlainClass(JavaClass type) {
        boolean extended =
                !type.getSubclasses().isEmpty() && !type.getModifiers().contains(JavaModifier.PUBLIC);
        return !type.isInterface() && !type.isEnum() && !type.isAnonymousClass() && !extended;
    }
}
