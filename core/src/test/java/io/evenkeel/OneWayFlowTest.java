package io.evenkeel;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import java.lang.annotation.Annotation;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Data flows one way: what each package of core may see, and where chance and threads may enter. */
class OneWayFlowTest implements ModuleRules {

    private static final String ROOT = "io.evenkeel.";

    /** Marks of the API, which every package may carry. */
    private static final String MARKS = "io.evenkeel";

    /** A new package gets a line here, and with it an answer to where in the flow it stands. */
    private static final Map<String, List<String>> MAY_SEE = new TreeMap<>(Map.ofEntries(
            Map.entry(
                    "adapter",
                    List.of("spi", "balance", "health", "watch", "source", "event", "status", "time", "endpoint")),
            Map.entry("endpoint", List.of()),
            Map.entry("time", List.of()),
            Map.entry("pick", List.of()),
            Map.entry("plan", List.of("endpoint")),
            Map.entry("source", List.of("endpoint", "time")),
            Map.entry("source.dns", List.of("source", "endpoint", "time")),
            Map.entry("source.file", List.of("source", "endpoint", "time")),
            Map.entry("source.fallback", List.of("source", "source.file", "endpoint", "time")),
            Map.entry("watch", List.of("source", "endpoint", "time")),
            Map.entry("health", List.of("endpoint", "time")),
            Map.entry("event", List.of("endpoint", "status")),
            Map.entry("status", List.of("endpoint", "watch")),
            Map.entry("spi", List.of("endpoint", "status")),
            Map.entry("balance", List.of("spi", "plan", "health", "watch", "event", "status", "time", "endpoint"))));

    /** Owns the threads of the watches that a whole process shares: nobody else is there to pass any in. */
    private static final String OWNER_OF_SHARED_THREADS = "io.evenkeel.watch.WatchThreads";

    private static final JavaClasses CORE = ModuleRules.mainClassesIn("io.evenkeel");

    @Override
    public int classCycles() {
        return 0;
    }

    @Override
    public JavaClasses module() {
        return CORE;
    }

    static Stream<String> packages() {
        return MAY_SEE.keySet().stream();
    }

    @ParameterizedTest
    @MethodSource("packages")
    void a_package_sees_only_what_comes_before_it(String name) {
        String[] visible = Stream.concat(
                        Stream.of(MARKS),
                        Stream.concat(Stream.of(name), MAY_SEE.get(name).stream())
                                .map(seen -> ROOT + seen))
                .toArray(String[]::new);
        classes()
                .that()
                .resideInAPackage(ROOT + name)
                .should()
                .onlyDependOnClassesThat(resideOutsideOfPackage("io.evenkeel..").or(resideInAnyPackage(visible)))
                .check(CORE);
    }

    @Test
    void every_class_is_in_a_package_of_the_flow() {
        String[] known = Stream.concat(Stream.of(MARKS), packages().map(name -> ROOT + name))
                .toArray(String[]::new);
        classes().should().resideInAnyPackage(known).check(CORE);
    }

    @Test
    void beside_the_packages_there_are_only_marks_of_the_api() {
        classes()
                .that()
                .resideInAPackage(MARKS)
                .and()
                .doNotHaveSimpleName("package-info")
                .should()
                .beAssignableTo(Annotation.class)
                .check(CORE);
    }

    @Test
    void adapters_may_see_exactly_these_packages() {
        assertThat(packages().map(name -> ROOT + name).collect(Collectors.toSet()))
                .isEqualTo(ModuleRules.CORE_PACKAGES);
    }

    @Test
    void packages_have_no_cycles() {
        slices().matching(ROOT + "(**)").should().beFreeOfCycles().check(CORE);
    }

    @Test
    void core_needs_no_library_but_its_own_few() {
        ModuleRules.needNoLibraryBut(
                        "javax.management..",
                        "javax.net.ssl..",
                        "io.github.resilience4j..",
                        "com.google.gson..",
                        "org.xbill.DNS..")
                .check(CORE);
    }

    @Test
    void chance_and_threads_enter_only_through_the_time_package() {
        noClasses()
                .that()
                .resideOutsideOfPackage(ROOT + "time")
                .and()
                .doNotHaveFullyQualifiedName(OWNER_OF_SHARED_THREADS)
                .should()
                .accessTargetWhere(Outside.CHANCE.or(Outside.THREAD))
                .check(CORE);
    }
}
