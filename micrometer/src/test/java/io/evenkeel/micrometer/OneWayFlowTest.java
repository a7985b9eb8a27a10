package io.evenkeel.micrometer;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import io.evenkeel.ModuleRules;
import org.junit.jupiter.api.Test;

class OneWayFlowTest implements ModuleRules {

    private static final JavaClasses METERS = ModuleRules.mainClassesIn("io.evenkeel.micrometer");

    @Override
    public JavaClasses module() {
        return METERS;
    }

    /** A container that looks at its methods must not need a library that only another adapter needs. */
    @Test
    void the_front_door_needs_no_optional_library() {
        noClasses()
                .that()
                .haveSimpleNameStartingWith("EvenkeelMet")
                .and()
                .haveModifier(JavaModifier.PUBLIC)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("com.zaxxer.hikari..", "io.evenkeel.amqp..")
                .check(METERS);
    }
}
