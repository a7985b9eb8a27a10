package io.evenkeel;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackage;
import static com.tngtech.archunit.lang.conditions.ArchConditions.haveModifier;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Data flows one way: what each package of core may see, and where time, chance and threads may enter. */
class OneWayFlowTest {

    private static final String ROOT = "io.evenkeel.";

    /** A new package gets a line here, and with it an answer to where in the flow it stands. */
    private static final Map<String, List<String>> MAY_SEE = new TreeMap<>(Map.of(
            "adapter", List.of("balance", "health", "watch", "source", "event", "status", "time", "endpoint"),
            "endpoint", List.of(),
            "time", List.of(),
            "plan", List.of("endpoint"),
            "source", List.of("endpoint", "time"),
            "watch", List.of("source", "endpoint", "time"),
            "health", List.of("endpoint", "time"),
            "event", List.of("endpoint"),
            "status", List.of("endpoint", "watch"),
            "balance", List.of("plan", "health", "watch", "event", "status", "time", "endpoint")));

    /** Owns the threads of the watches that a whole process shares: nobody else is there to pass any in. */
    private static final String OWNER_OF_SHARED_THREADS = "io.evenkeel.watch.WatchThreads";

    private static final JavaClasses CORE = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_JARS)
            .importPackages("io.evenkeel");

    static Stream<String> packages() {
        return MAY_SEE.keySet().stream();
    }

    @ParameterizedTest
    @MethodSource("packages")
    void a_package_sees_only_what_comes_before_it(String name) {
        String[] visible = Stream.concat(Stream.of(name), MAY_SEE.get(name).stream())
                .map(seen -> ROOT + seen)
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
        String[] known = packages().map(name -> ROOT + name).toArray(String[]::new);
        classes().should().resideInAnyPackage(known).check(CORE);
    }

    @Test
    void packages_have_no_cycles() {
        slices().matching(ROOT + "(*)..").should().beFreeOfCycles().check(CORE);
    }

    @Test
    void core_needs_no_library_but_its_own_few() {
        classes()
                .should()
                .onlyDependOnClassesThat(resideInAnyPackage(
                        "io.evenkeel..",
                        "java..",
                        "javax.management..",
                        "org.slf4j..",
                        "org.jspecify.annotations..",
                        "com.google.errorprone.annotations..",
                        "io.github.resilience4j..",
                        "com.google.gson..",
                        "org.xbill.DNS.."))
                .check(CORE);
    }

    @Test
    void time_chance_and_threads_enter_only_through_the_time_package() {
        noClasses()
                .that()
                .resideOutsideOfPackage(ROOT + "time")
                .and()
                .doNotHaveFullyQualifiedName(OWNER_OF_SHARED_THREADS)
                .should()
                .accessTargetWhere(CLOCK.or(CHANCE).or(THREAD))
                .check(CORE);
    }

    private static final DescribedPredicate<JavaAccess<?>> CLOCK = calls(
            "reads a clock",
            Map.of(
                    "java.lang.System", Set.of("nanoTime", "currentTimeMillis"),
                    "java.time.Instant", Set.of("now"),
                    "java.time.LocalDate", Set.of("now"),
                    "java.time.LocalDateTime", Set.of("now"),
                    "java.time.OffsetDateTime", Set.of("now"),
                    "java.time.ZonedDateTime", Set.of("now"),
                    "java.time.Clock", Set.of("systemUTC", "systemDefaultZone", "system", "tickMillis"),
                    "java.util.Date", Set.of("<init>")));

    private static final DescribedPredicate<JavaAccess<?>> CHANCE = calls(
                    "draws a random number",
                    Map.of(
                            "java.lang.Math", Set.of("random"),
                            "java.util.UUID", Set.of("randomUUID"),
                            "java.util.concurrent.ThreadLocalRandom", Set.of("current"),
                            "java.util.random.RandomGenerator", Set.of("getDefault", "of")))
            .or(describe(
                    "makes an unseeded random generator",
                    access -> access.getName().equals("<init>")
                            && Set.of("java.util.Random", "java.util.SplittableRandom", "java.security.SecureRandom")
                                    .contains(access.getTargetOwner().getName())
                            && access.getTarget() instanceof AccessTarget.CodeUnitAccessTarget target
                            && target.getRawParameterTypes().isEmpty()));

    private static final DescribedPredicate<JavaAccess<?>> THREAD = calls(
                    "sleeps or makes a thread",
                    Map.of(
                            "java.lang.Thread",
                                    Set.of("<init>", "sleep", "ofVirtual", "ofPlatform", "startVirtualThread"),
                            "java.util.Timer", Set.of("<init>"),
                            "java.util.concurrent.ThreadPoolExecutor", Set.of("<init>"),
                            "java.util.concurrent.ScheduledThreadPoolExecutor", Set.of("<init>"),
                            "java.util.concurrent.ForkJoinPool", Set.of("<init>", "commonPool")))
            .or(describe(
                    "uses Executors",
                    access -> access.getTargetOwner().getName().equals("java.util.concurrent.Executors")));

    /** Calls of, and method references to, these members. */
    private static DescribedPredicate<JavaAccess<?>> calls(String what, Map<String, Set<String>> membersByOwner) {
        return describe(
                what,
                access -> membersByOwner
                        .getOrDefault(access.getTargetOwner().getName(), Set.of())
                        .contains(access.getName()));
    }

    @Test
    void nothing_is_locked_by_a_synchronized_method() {
        methods().should().notHaveModifier(JavaModifier.SYNCHRONIZED).check(CORE);
    }

    @Test
    void nothing_is_written_to_the_standard_streams() {
        noClasses().should(ACCESS_STANDARD_STREAMS).check(CORE);
    }

    @Test
    void classes_are_final_unless_abstract_or_extended_within_their_package() {
        classes()
                .that(describe("can be extended by accident", OneWayFlowTest::isPlainClass))
                .should(haveModifier(JavaModifier.FINAL).or(haveModifier(JavaModifier.ABSTRACT)))
                .check(CORE);
    }

    private static boolean isPlainClass(JavaClass type) {
        boolean extended =
                !type.getSubclasses().isEmpty() && !type.getModifiers().contains(JavaModifier.PUBLIC);
        return !type.isInterface() && !type.isEnum() && !type.isAnonymousClass() && !extended;
    }
}
