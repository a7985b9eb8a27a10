package io.evenkeel.grpc;

import com.tngtech.archunit.core.domain.JavaClasses;
import io.evenkeel.ModuleRules;
import org.junit.jupiter.api.Test;

/** An adapter knows core and its own library, and no other adapter. */
class OneWayFlowTest implements ModuleRules {

    private static final JavaClasses GRPC = ModuleRules.mainClassesIn("io.evenkeel.grpc");

    @Override
    public JavaClasses module() {
        return GRPC;
    }

    @Test
    void the_adapter_knows_core_and_no_other_module() {
        ModuleRules.knowNothingOfOursButCoreAnd("io.evenkeel.grpc..").check(GRPC);
    }

    @Test
    void the_adapter_needs_no_library_but_grpcs_api_and_gson() {
        ModuleRules.needNoLibraryBut("io.grpc", "com.google.gson..").check(GRPC);
    }
}
