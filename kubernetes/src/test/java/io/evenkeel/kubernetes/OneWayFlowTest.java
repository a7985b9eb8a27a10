package io.evenkeel.kubernetes;

import com.tngtech.archunit.core.domain.JavaClasses;
import io.evenkeel.ModuleRules;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A source knows what sources are, and nothing of what becomes of endpoints. */
class OneWayFlowTest implements ModuleRules {

    private static final JavaClasses KUBERNETES = ModuleRules.mainClassesIn("io.evenkeel.kubernetes");

    @Override
    public int classCycles() {
        return 0;
    }

    @Override
    public JavaClasses module() {
        return KUBERNETES;
    }

    @Test
    void the_source_knows_endpoints_sources_and_time() {
        ModuleRules.knowNothingOfOursBut(Set.of(
                        "io.evenkeel.kubernetes..", "io.evenkeel.endpoint", "io.evenkeel.source", "io.evenkeel.time"))
                .check(KUBERNETES);
    }

    @Test
    void of_the_kubernetes_client_it_needs_configuration_and_requests_and_none_of_its_models() {
        ModuleRules.needNoLibraryBut(
                        "javax.net.ssl..",
                        "com.google.gson..",
                        "okhttp3..",
                        "io.kubernetes.client.openapi",
                        "io.kubernetes.client.util",
                        "io.kubernetes.client.util.credentials")
                .check(KUBERNETES);
    }
}
