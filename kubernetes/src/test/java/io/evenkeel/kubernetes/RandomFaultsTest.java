package io.evenkeel.kubernetes;

import static io.evenkeel.kubernetes.SourceBed.slice;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.kubernetes.fake.FakeApiServer.Speaks;
import io.evenkeel.kubernetes.fake.Fault;
import io.evenkeel.kubernetes.fake.Slice;
import io.evenkeel.kubernetes.fake.Verb;
import io.evenkeel.source.EndpointSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A seeded mixture of faults against a model of the truth: whatever happened, after a while the endpoints are the truth or
 * the source says that it doesn't know, and once the server is well they are the truth.
 */
@Tag("slow")
class RandomFaultsTest {

    private static final int RUNS = Integer.getInteger("evenkeel.test.runs", 24);
    private static final long SEED = Long.getLong("evenkeel.test.seed", 20261128L);
    private static final int STEPS = 10;
    /** Of each fault that lasts; of the idle server it is always the hour. */
    private static final int MINUTES = Integer.getInteger("evenkeel.test.minutes", 20);
    /** LISTs and WATCHes each; the longest back-off is 30 s, half of it at random. */
    private static final int MOST_PER_HOUR = 240;

    private final Map<String, Integer> faults = new TreeMap<>();
    private int wrong;
    private int stale;
    private int right;

    /** One source, its server, and what the server holds. */
    private final class Run {
        private final Random random;
        private final SourceBed bed;
        private final Map<String, List<String>> truth = new TreeMap<>();
        private int seconds;

        Run(long seed) throws Exception {
            random = new Random(seed);
            bed = new SourceBed(random.nextBoolean() ? Speaks.HTTP_2 : Speaks.HTTP_1_1);
            bed.server.skipRevisions(5_000);
            write();
            bed.start();
        }

        private Slice draw(String name) {
            TreeSet<String> pods = new TreeSet<>();
            for (int i = random.nextInt(4) + 1; i > 0; i--) {
                pods.add("pg-" + random.nextInt(20));
            }
            truth.put(name, List.copyOf(pods));
            return slice(name, pods.toArray(String[]::new));
        }

        private void write() {
            bed.server.put(draw("pg-" + (char) ('a' + random.nextInt(4))));
        }

        private void delete() {
            List<String> names = List.copyOf(truth.keySet());
            if (names.size() > 1) {
                String name = names.get(random.nextInt(names.size()));
                truth.remove(name);
                bed.server.delete("default", name);
            }
        }

        private void setBack() {
            truth.clear();
            long earlier = Math.max(100, bed.server.revision() - 300);
            bed.server.setBack(earlier, draw("pg-a"), draw("pg-b"));
        }

        private List<String> expected() {
            TreeSet<String> pods = new TreeSet<>();
            truth.values().forEach(pods::addAll);
            return List.copyOf(pods);
        }

        private void misfortune() {
            Verb verb = random.nextBoolean() ? Verb.LIST : Verb.WATCH;
            Map<String, Runnable> all = new LinkedHashMap<>();
            all.put("a write", this::write);
            all.put("another write", this::write);
            all.put("a deletion", this::delete);
            all.put("a restored backup", this::setBack);
            all.put("a watch that ends", bed.server::endWatches);
            all.put("410 in a watch", bed.server::expireWatches);
            all.put("a compaction", bed.server::compact);
            all.put("garbage", () -> bed.server.send("<html>502</html>\n"));
            all.put("a reset", () -> bed.server.wire().resetEstablished());
            all.put("half open", () -> bed.server.wire().freezeEstablished());
            all.put("500", () -> bed.server.failNext(verb, Fault.internalError()));
            all.put("429", () -> bed.server.failNext(verb, Fault.tooManyRequests(1 + random.nextInt(20))));
            all.put("410", () -> bed.server.failNext(verb, Fault.gone()));
            all.put("half an answer", () -> bed.server.failNext(verb, Fault.truncated()));
            all.put("no answer", () -> bed.server.failNext(verb, Fault.silence()));
            all.put("403 from now on", () -> bed.server.forbid(verb));
            all.put("403 no more", () -> bed.server.forbid());
            all.put("500 from now on", () -> bed.server.failAlways(verb, Fault.internalError()));
            all.put("away", () -> bed.server.wire().away());
            all.put("back", () -> bed.server.wire().back());
            all.put("healed", bed.server::heal);
            List<String> names = List.copyOf(all.keySet());
            String name = names.get(random.nextInt(names.size()));
            faults.merge(name, 1, Integer::sum);
            all.get(name).run();
        }

        /** With a bookmark each minute, as the real one sends them. */
        private void pass(int howLong) {
            for (int i = 0; i < howLong; i += 2) {
                bed.step(Duration.ofSeconds(2));
                seconds += 2;
                if (seconds % 60 == 0) {
                    bed.server.bookmark();
                }
            }
        }

        private void judge(long seed, boolean healed) {
            boolean healthy = bed.last() instanceof EndpointSource.Endpoints;
            boolean true_ = bed.pods().equals(expected());
            if (healthy && !true_) {
                wrong++;
                System.out.println("wrong but healthy, seed " + seed + ": " + bed.pods() + " instead of " + expected());
            } else if (healthy) {
                right++;
            } else {
                stale++;
            }
            if (healed) {
                assertThat(bed.complaint()).as("healed, seed %s", seed).isEmpty();
                assertThat(bed.pods()).as("healed, seed %s", seed).isEqualTo(expected());
            }
        }
    }

    @Test
    void after_any_mixture_of_faults_the_endpoints_are_the_truth_or_said_to_be_stale() throws Exception {
        Random seeds = new Random(SEED);
        int lists = 0;
        int watches = 0;
        int mostThreads = 0;
        double hours = 0;
        for (int i = 0; i < RUNS; i++) {
            long seed = seeds.nextLong();
            Run run = new Run(seed);
            try (SourceBed bed = run.bed) {
                bed.awaitWatch();
                for (int step = 0; step < STEPS; step++) {
                    run.misfortune();
                    run.pass(2 + 2 * run.random.nextInt(15));
                }
                // Longer than the longest silence and the longest back-off.
                run.pass(180);
                run.judge(seed, false);
                bed.server.heal();
                bed.server.forbid();
                bed.server.wire().back();
                run.pass(180);
                run.judge(seed, true);
                lists += bed.server.count(Verb.LIST);
                watches += bed.server.count(Verb.WATCH);
                hours += run.seconds / 3600.0;
                mostThreads = Math.max(mostThreads, sessionThreads());
            }
        }
        System.out.printf("random faults: seed %d, %d runs, %d faults %s%n", SEED, RUNS, RUNS * STEPS, faults);
        System.out.printf(
                "wrong but healthy %d, right %d, stale %d; LIST %.0f and WATCH %.0f an hour; at most %d threads%n",
                wrong, right, stale, lists / hours, watches / hours, mostThreads);
        assertThat(wrong).isZero();
        assertThat(right).isGreaterThanOrEqualTo(RUNS);
        assertThat(lists / hours).isLessThan(MOST_PER_HOUR);
        assertThat(watches / hours).isLessThan(MOST_PER_HOUR);
        assertThat(mostThreads).isLessThanOrEqualTo(8);
    }

    private static int sessionThreads() {
        return (int) Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("bed-blocking"))
                .count();
    }

    /** A fault, and whether the endpoints are proved in spite of it. */
    private record Lasting(String name, boolean healthy, Consumer<SourceBed> fault) {}

    @Test
    void requests_per_hour_are_bounded_idle_and_in_every_fault_that_lasts() throws Exception {
        List<Lasting> all = new ArrayList<>();
        all.add(new Lasting("idle", true, bed -> {}));
        all.add(new Lasting("500", false, bed -> both(bed, Fault.internalError())));
        all.add(new Lasting("429, retry after 1 s", false, bed -> both(bed, Fault.tooManyRequests(1))));
        all.add(new Lasting("410 on WATCH", true, bed -> bed.server.failAlways(Verb.WATCH, Fault.gone())));
        all.add(new Lasting("410 on both", false, bed -> both(bed, Fault.gone())));
        all.add(new Lasting("half an answer", false, bed -> both(bed, Fault.truncated())));
        all.add(new Lasting("403", false, bed -> bed.server.forbid(Verb.LIST, Verb.WATCH)));
        all.add(new Lasting("403 on WATCH", true, bed -> bed.server.forbid(Verb.WATCH)));
        all.add(new Lasting("401", false, bed -> bed.server.rotateToken("another")));
        all.add(new Lasting("away", false, bed -> bed.server.wire().away()));
        System.out.printf(
                "%-22s %6s %6s %6s   requests in an hour, by %d minutes of each fault (budget %d each)%n",
                "fault", "LIST", "WATCH", "all", MINUTES, MOST_PER_HOUR);
        for (Lasting lasting : all) {
            boundedIn(lasting);
        }
    }

    private static void boundedIn(Lasting lasting) throws Exception {
        boolean idle = lasting.name().equals("idle");
        int minutes = idle ? 60 : MINUTES;
        try (SourceBed bed = new SourceBed(Speaks.HTTP_2)) {
            bed.server.put(slice("pg-a", "pg-0"));
            KubernetesEndpointSource source = bed.start();
            bed.awaitWatch();
            bed.step(Duration.ofSeconds(31));
            int lists = bed.server.count(Verb.LIST);
            int watches = bed.server.count(Verb.WATCH);
            long asked = source.requests();
            lasting.fault().accept(bed);
            if (!idle) {
                bed.server.endWatches();
            }
            for (int second = 2; second <= minutes * 60; second += 2) {
                bed.step(Duration.ofSeconds(2));
                if (second % 60 == 0) {
                    bed.server.bookmark();
                }
                if (second % 290 == 0) {
                    bed.server.endWatches();
                }
            }
            lists = (bed.server.count(Verb.LIST) - lists) * 60 / minutes;
            watches = (bed.server.count(Verb.WATCH) - watches) * 60 / minutes;
            asked = (source.requests() - asked) * 60 / minutes;
            System.out.printf("%-22s %6d %6d %6d%n", lasting.name(), lists, watches, asked);
            assertThat(lists).as(lasting.name()).isLessThanOrEqualTo(MOST_PER_HOUR);
            assertThat(watches).as(lasting.name()).isLessThanOrEqualTo(MOST_PER_HOUR);
            assertThat(asked).as("also what did not arrive: " + lasting.name()).isBetween(1L, 2L * MOST_PER_HOUR);
            assertThat(bed.complaint().isEmpty())
                    .as("healthy: " + lasting.name())
                    .isEqualTo(lasting.healthy());
            if (idle) {
                assertThat(lists).isLessThanOrEqualTo(1);
                assertThat(watches).isLessThanOrEqualTo(13);
            }
        }
    }

    private static void both(SourceBed bed, Fault fault) {
        bed.server.failAlways(Verb.LIST, fault);
        bed.server.failAlways(Verb.WATCH, fault);
    }
}
