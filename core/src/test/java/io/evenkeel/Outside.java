package io.evenkeel;

import static com.tngtech.archunit.base.DescribedPredicate.describe;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import java.util.Map;
import java.util.Set;

/** Where time, chance and threads come in from outside: what makes a run differ from the one before. */
final class Outside {

    static final DescribedPredicate<JavaAccess<?>> CLOCK = calls(
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

    static final DescribedPredicate<JavaAccess<?>> CHANCE = calls(
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

    static final DescribedPredicate<JavaAccess<?>> THREAD = calls(
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

    private Outside() {}

    /** Calls of, and method references to, these members. */
    private static DescribedPredicate<JavaAccess<?>> calls(String what, Map<String, Set<String>> membersByOwner) {
        return describe(
                what,
                access -> membersByOwner
                        .getOrDefault(access.getTargetOwner().getName(), Set.of())
                        .contains(access.getName()));
    }
}
