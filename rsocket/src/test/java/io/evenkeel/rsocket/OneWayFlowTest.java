package io.evenkeel.rsocket;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import io.evenkeel.ModuleRules;
import org.junit.jupiter.api.Test;

/** An adapter knows core and its own library, and no other adapter. */
class OneWayFlowTest implements ModuleRules {

    private static final JavaClasses RSOCKET = ModuleRules.mainClassesIn("io.evenkeel.rsocket");

    /** One: the client and the builder that {@code builder()} returns. */
    @Override
    public int classCycles() {
        return 1;
    }

    @Override
    public JavaClasses module() {
        return RSOCKET;
    }

    @Test
    void the_adapter_knows_core_and_no_other_module() {
        ModuleRules.knowNothingOfOursButCoreAnd("io.evenkeel.rsocket..").check(RSOCKET);
    }

    @Test
    void the_adapter_needs_no_library_but_rsocket_and_what_comes_with_it() {
        ModuleRules.needNoLibraryBut(
                        "javax.net.ssl..",
                        "org.reactivestreams..",
                        "reactor..",
                        "io.netty..",
                        "io.rsocket..",
                        "io.github.resilience4j..")
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
}
