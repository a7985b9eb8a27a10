package io.evenkeel.amqp;

import com.tngtech.archunit.core.domain.JavaClasses;
import io.evenkeel.ModuleRules;
import org.junit.jupiter.api.Test;

/** An adapter knows core and its own library, and no other adapter. */
class OneWayFlowTest implements ModuleRules {

    private static final JavaClasses AMQP = ModuleRules.mainClassesIn("io.evenkeel.amqp");

    /**
     * One: the connection, its channels, and the parts of both. The application calls them from outside and the client from
     * inside, so a part calls its whole as the whole calls it: a consumer's wrapper its channel, a channel its connection.
     */
    @Override
    public int classCycles() {
        return 1;
    }

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
