package io.evenkeel.rsocket;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import io.evenkeel.ModuleRules;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** An adapter knows core and its own library, and no other adapter. */
class OneWayFlowTest implements ModuleRules {

    private static final JavaClasses RSOCKET = ModuleRules.mainClassesIn("io.evenkeel.rsocket");

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

    /** The wire's watch and the connection that shows it the frames are two halves of one thing. */
    private static final Set<String> HALVES = Set.of("WatchedConnection", "WireWatch");

    @Test
    void classes_depend_on_each_other_in_one_direction_only() {
        SliceAssignment byTopLevelClass = new SliceAssignment() {
            @Override
            public SliceIdentifier getIdentifierOf(JavaClass type) {
                if (!type.getPackageName().startsWith("io.evenkeel.rsocket") || type.isArray() || isPublic(type)) {
                    return SliceIdentifier.ignore();
                }
                String top = type.getName()
                        .substring(type.getPackageName().length() + 1)
                        .replaceFirst("\\$.*", "");
                return SliceIdentifier.of(HALVES.contains(top) ? "wire" : top);
            }

            @Override
            public String getDescription() {
                return "each class with what is nested in it";
            }
        };
        slices().assignedFrom(byTopLevelClass).should().beFreeOfCycles().check(RSOCKET);
    }

    /** A builder and what it builds know each other, as everywhere; the parts within don't. */
    private static boolean isPublic(JavaClass type) {
        JavaClass top = type;
        while (top.getEnclosingClass().isPresent()) {
            top = top.getEnclosingClass().get();
        }
        return top.getModifiers().contains(JavaModifier.PUBLIC);
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
