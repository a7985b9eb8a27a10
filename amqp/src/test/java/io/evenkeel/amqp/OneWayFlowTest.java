package io.evenkeel.amqp;

import com.tngtech.archunit.core.domain.JavaClasses;
import io.evenkeel.ModuleRules;
import org.junit.jupiter.api.Test;

/** An adapter knows core and its own library, and no other adapter. */
class OneWayFlowTest implements ModuleRules {

    private static final JavaClasses AMQP = ModuleRules.mainClassesIn("io.evenkeel.amqp");

    @Override
    public JavaClasses module() {
        return AMQP;
    }

    @Test
    void the_adapter_knows_core_and_no_other_module() {
        ModuleRules.knowNothingOfOursButCoreAnd("io.evenkeel.amqp..").check(AMQP);
    }

    @Test
    void the_adapter_needs_no_library_but_the_client() {
        ModuleRules.needNoLibraryBut("com.rabbitmq.client..").check(AMQP);
    }
}
