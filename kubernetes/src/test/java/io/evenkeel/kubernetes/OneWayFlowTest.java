package io.evenkeel.kubernetes;

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
import java.time.Clock;
import java.time.Instant;
import org.junit.jupiter.api.Test;

/** A source knows what sources are, and nothing of what becomes of endpoints. */
class OneWayFlowTest {

    private static final JavaClasses KUBERNETES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_JARS)
            .importPackages("io.evenkeel.kubernetes");

    @Test
    void the_source_knows_endpoints_sources_and_time() {
        classes()
                .should()
                .onlyDependOnClassesThat(resideOutsideOfPackage("io.evenkeel..")
                        .or(resideInAnyPackage(
                                "io.evenkeel.kubernetes..",
                                "io.evenkeel.endpoint",
                                "io.evenkeel.source",
                                "io.evenkeel.time")))
                .check(KUBERNETES);
    }

    @Test
    void of_the_kubernetes_client_it_needs_configuration_and_requests_and_none_of_its_models() {
        classes()
                .should()
                .onlyDependOnClassesThat(resideInAnyPackage(
                        "io.evenkeel..",
                        "java..",
                        "javax.net.ssl..",
                        "org.slf4j..",
                        "org.jspecify.annotations..",
                        "com.google.errorprone.annotations..",
                        "com.google.gson..",
                        "okhttp3..",
                        "io.kubernetes.client.openapi",
                        "io.kubernetes.client.util",
                        "io.kubernetes.client.util.credentials"))
                .check(KUBERNETES);
    }

    @Test
    void no_clock_is_read() {
        noClasses()
                .should()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .callMethod(Instant.class, "now")
                .orShould()
                .dependOnClassesThat()
                .areAssignableTo(Clock.class)
                .check(KUBERNETES);
    }

    @Test
    void nothing_is_written_to_the_standard_streams() {
        noClasses().should(ACCESS_STANDARD_STREAMS).check(KUBERNETES);
    }

    @Test
    void nothing_is_locked_by_a_synchronized_method() {
        methods().should().notHaveModifier(JavaModifier.SYNCHRONIZED).check(KUBERNETES);
    }

    @Test
    void classes_are_final_unless_abstract_or_extended_within_their_package() {
        classes()
                .that(describe("can be extended by accident", OneWayFlowTest::isPlainClass))
                .should(haveModifier(JavaModifier.FINAL).or(haveModifier(JavaModifier.ABSTRACT)))
                .check(KUBERNETES);
    }

    private static boolean isPlainClass(JavaClass type) {
        boolean extended =
                !type.getSubclasses().isEmpty() && !type.getModifiers().contains(JavaModifier.PUBLIC);
        return !type.isInterface() && !type.isEnum() && !type.isAnonymousClass() && !extended;
    }
}
