package io.evenkeel.watch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.Target;
import io.evenkeel.source.EndpointSource;
import io.evenkeel.source.FakeSource;
import io.evenkeel.source.SharedResources;
import io.evenkeel.source.SourceCalls;
import io.evenkeel.source.SourceContext;
import io.evenkeel.time.ManualScheduler;
import io.evenkeel.time.Scheduler;
import io.evenkeel.time.SystemScheduler;
import io.evenkeel.time.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class EndpointWatchersTest {

    private static final Target TARGET = Target.parse("fake:///pg");
    private static final Endpoint A = Endpoint.of("10.0.0.1", 5432);
    private static final Endpoint B = Endpoint.of("10.0.0.2", 5432);
    private static final WatcherConfig AT_ONCE =
            WatcherConfig.builder().settle(Duration.ZERO).build();

    private final ManualScheduler scheduler = new ManualScheduler();
    private final List<FakeSource> sources = new CopyOnWriteArrayList<>();
    private final EndpointWatchers watchers = new EndpointWatchers(
            new SourceContext(scheduler.ticker(), scheduler, Runnable::run, new Random(1)),
            (target, context) -> source());

    private FakeSource source() {
        FakeSource source = new FakeSource();
        sources.add(source);
        return source;
    }

    @Test
    void a_subscriber_gets_the_current_snapshot_and_then_every_change() {
        List<WatchSnapshot> seen = new ArrayList<>();
        Subscription subscription = watchers.subscribe(TARGET, AT_ONCE, seen::add);
        scheduler.runDue();
        assertThat(seen).extracting(WatchSnapshot::health).containsExactly(SourceHealth.UNKNOWN);

        sources.get(0).endpoints(A);
        sources.get(0).endpoints(A, B);
        scheduler.runDue();
        assertThat(seen).extracting(s -> s.endpoints().size()).containsExactly(0, 1, 2);
        assertThat(subscription.current()).isEqualTo(seen.get(2));
    }

    @Test
    void a_watch_that_cannot_be_started_leaves_nothing_behind() {
        AtomicBoolean scarce = new AtomicBoolean(true);
        Scheduler sometimes = (delay, task) -> {
            if (scarce.get()) {
                throw new OutOfMemoryError("unable to create native thread");
            }
            return scheduler.schedule(delay, task);
        };
        EndpointWatchers watchers = new EndpointWatchers(
                new SourceContext(scheduler.ticker(), sometimes, Runnable::run, new Random(1)),
                (target, context) -> source());
        List<WatchSnapshot> seen = new ArrayList<>();
        assertThatThrownBy(() -> watchers.subscribe(TARGET, AT_ONCE, seen::add)).isInstanceOf(OutOfMemoryError.class);
        scarce.set(false);
        watchers.subscribe(TARGET, AT_ONCE, seen::add);
        scheduler.runDue();
        assertThat(sources).hasSize(2);
        assertThat(sources.get(0).isClosed()).isTrue();
        assertThat(sources.get(1).isStarted()).isTrue();
        sources.get(1).endpoints(A);
        scheduler.runDue();
        assertThat(seen).extracting(s -> s.endpoints().size()).endsWith(1);
    }

    @Test
    void pools_of_one_target_share_one_source_until_the_last_leaves() {
        List<WatchSnapshot> first = new ArrayList<>();
        List<WatchSnapshot> second = new ArrayList<>();
        Subscription one = watchers.subscribe(TARGET, AT_ONCE, first::add);
        scheduler.runDue();
        sources.get(0).endpoints(A);
        scheduler.runDue();
        Subscription two = watchers.subscribe(TARGET, AT_ONCE, second::add);
        scheduler.runDue();

        assertThat(sources).hasSize(1);
        assertThat(second).containsExactly(first.get(1));
        one.close();
        one.close();
        scheduler.runDue();
        assertThat(sources.get(0).isClosed()).isFalse();
        sources.get(0).endpoints(B);
        scheduler.runDue();
        assertThat(first).hasSize(2);
        assertThat(second).hasSize(2);

        two.close();
        scheduler.runDue();
        assertThat(sources.get(0).isClosed()).isTrue();
    }

    @Test
    void a_subscriber_that_lingers_keeps_the_watch_and_its_endpoints_for_the_next() {
        List<WatchSnapshot> first = new ArrayList<>();
        Subscription one = watchers.subscribe(TARGET, AT_ONCE, first::add);
        scheduler.runDue();
        sources.get(0).endpoints(A);
        scheduler.runDue();
        first.clear();

        one.closeAfter(Duration.ofMinutes(5));
        sources.get(0).endpoints(A, B);
        scheduler.advance(Duration.ofMinutes(4));
        assertThat(first).isEmpty();
        assertThat(sources.get(0).isClosed()).isFalse();

        List<WatchSnapshot> second = new ArrayList<>();
        Subscription two = watchers.subscribe(TARGET, AT_ONCE, second::add);
        scheduler.runDue();
        assertThat(sources).hasSize(1);
        assertThat(second).extracting(s -> s.endpoints().size()).containsExactly(2);

        two.close();
        scheduler.runDue();
        assertThat(sources.get(0).isClosed()).isFalse();
        scheduler.advance(Duration.ofMinutes(1));
        assertThat(sources.get(0).isClosed()).isTrue();
    }

    @Test
    void another_target_or_another_configuration_is_another_watch() {
        watchers.subscribe(TARGET, AT_ONCE, snapshot -> {});
        watchers.subscribe(TARGET, WatcherConfig.defaults(), snapshot -> {});
        watchers.subscribe(Target.parse("fake:///other"), AT_ONCE, snapshot -> {});
        assertThat(sources).hasSize(3);
    }

    @Test
    void a_target_left_by_all_is_watched_afresh() {
        watchers.subscribe(TARGET, AT_ONCE, snapshot -> {}).close();
        List<WatchSnapshot> seen = new ArrayList<>();
        watchers.subscribe(TARGET, AT_ONCE, seen::add);
        scheduler.runDue();
        assertThat(sources).hasSize(2);
        assertThat(sources.get(0).isClosed()).isTrue();
        assertThat(sources.get(1).isClosed()).isFalse();
        assertThat(seen).extracting(WatchSnapshot::health).containsExactly(SourceHealth.UNKNOWN);
    }

    @Test
    void a_failing_consumer_does_not_hurt_the_others() {
        List<WatchSnapshot> seen = new ArrayList<>();
        watchers.subscribe(TARGET, AT_ONCE, snapshot -> {
            throw new IllegalStateException("on purpose");
        });
        watchers.subscribe(TARGET, AT_ONCE, seen::add);
        scheduler.runDue();
        sources.get(0).endpoints(A);
        scheduler.runDue();
        assertThat(seen).hasSize(2);
    }

    @Test
    void a_subscription_closed_by_its_own_consumer_is_not_called_again() {
        List<WatchSnapshot> seen = new ArrayList<>();
        AtomicReference<Subscription> subscription = new AtomicReference<>();
        subscription.set(watchers.subscribe(TARGET, AT_ONCE, snapshot -> {
            seen.add(snapshot);
            if (!snapshot.endpoints().isEmpty()) {
                subscription.get().close();
            }
        }));
        scheduler.runDue();
        sources.get(0).endpoints(A);
        sources.get(0).endpoints(A, B);
        scheduler.runDue();
        assertThat(seen).hasSize(2);
        assertThat(sources.get(0).isClosed()).isTrue();
    }

    @Test
    void a_source_that_does_not_start_is_a_failure_of_the_source() {
        FakeSource started = new FakeSource();
        started.start(report -> {});
        EndpointWatchers broken = new EndpointWatchers(
                new SourceContext(scheduler.ticker(), scheduler, Runnable::run, new Random(1)), (t, c) -> started);
        List<WatchSnapshot> seen = new ArrayList<>();
        broken.subscribe(TARGET, AT_ONCE, seen::add);
        scheduler.runDue();
        assertThat(seen.get(seen.size() - 1).reason()).startsWith("the source did not start: started before");
    }

    @Test
    void a_target_that_nobody_understands_leaves_no_thread() {
        assertThatThrownBy(() -> EndpointWatchers.shared().subscribe(TARGET, AT_ONCE, snapshot -> {}))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(watchThreads()).isEmpty();
    }

    @Test
    void shared_watches_start_their_threads_for_the_first_subscriber_and_end_them_with_the_last() throws Exception {
        for (int round = 0; round < 20; round++) {
            CountDownLatch told = new CountDownLatch(2);
            Target target = Target.parse("static:///10.0.0.1:5432");
            Subscription one = EndpointWatchers.shared().subscribe(target, AT_ONCE, s -> {
                if (s.health() == SourceHealth.HEALTHY) {
                    told.countDown();
                }
            });
            Subscription two = EndpointWatchers.shared().subscribe(target, WatcherConfig.defaults(), s -> {
                if (s.health() == SourceHealth.HEALTHY) {
                    told.countDown();
                }
            });
            assertThat(told.await(30, TimeUnit.SECONDS)).isTrue();
            assertThat(watchThreads()).isNotEmpty();
            one.close();
            two.close();
            assertThat(watchThreads()).as("round %s", round).isEmpty();
        }
    }

    @Test
    void after_close_has_returned_the_consumer_is_never_called_whatever_the_race() throws Exception {
        try (SystemScheduler real = new SystemScheduler("evenkeel-test-watch")) {
            EndpointWatchers racing = new EndpointWatchers(
                    new SourceContext(Ticker.system(), real, Runnable::run, new Random(1)), (t, c) -> source());
            Subscription keeper = racing.subscribe(TARGET, AT_ONCE, s -> {});
            drain(real);
            AtomicBoolean running = new AtomicBoolean(true);
            Thread reporter = new Thread(() -> {
                while (running.get()) {
                    CountDownLatch done = new CountDownLatch(1);
                    sources.get(0).endpoints(A);
                    sources.get(0).endpoints(A, B);
                    real.execute(done::countDown);
                    await(done);
                }
            });
            reporter.start();
            try {
                AtomicBoolean late = new AtomicBoolean();
                for (int i = 0; i < 3000; i++) {
                    AtomicBoolean closed = new AtomicBoolean();
                    CountDownLatch called = new CountDownLatch(1 + i % 3);
                    Subscription subscription = racing.subscribe(TARGET, AT_ONCE, s -> {
                        called.countDown();
                        Thread.yield();
                        if (closed.get()) {
                            late.set(true);
                        }
                    });
                    await(called);
                    subscription.close();
                    closed.set(true);
                }
                drain(real);
                assertThat(late).isFalse();
            } finally {
                running.set(false);
                reporter.join();
                keeper.close();
            }
            drain(real);
            assertThat(sources).hasSize(1);
            assertThat(sources.get(0).isClosed()).isTrue();
        }
    }

    @Test
    void whoever_comes_and_goes_at_once_every_source_is_closed_in_the_end() throws Exception {
        try (SystemScheduler real = new SystemScheduler("evenkeel-test-watch")) {
            EndpointWatchers racing = new EndpointWatchers(
                    new SourceContext(Ticker.system(), real, Runnable::run, new Random(1)), (t, c) -> source());
            List<Thread> users = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                Thread user = new Thread(() -> {
                    for (int round = 0; round < 500; round++) {
                        racing.subscribe(TARGET, AT_ONCE, s -> {}).close();
                    }
                });
                users.add(user);
                user.start();
            }
            for (Thread user : users) {
                user.join();
            }
            drain(real);
            assertThat(sources).isNotEmpty().allMatch(FakeSource::isClosed);
        }
    }

    /** A source that never returns from one of its calls, interrupted or not, until the test lets it. */
    private static final class Hanging implements EndpointSource {

        final CountDownLatch release = new CountDownLatch(1);
        final CountDownLatch closed = new CountDownLatch(1);
        final CountDownLatch hangs = new CountDownLatch(1);
        private final String in;

        Hanging(String in) {
            this.in = in;
        }

        private void call(String name) {
            if (name.equals(in)) {
                hangs.countDown();
                boolean released = false;
                while (!released) {
                    try {
                        release.await();
                        released = true;
                    } catch (InterruptedException ignored) {
                        // As code that swallows interrupts.
                    }
                }
            }
        }

        @Override
        public void start(Observer observer) {
            observer.on(new Endpoints(List.of(A)));
            call("start");
        }

        @Override
        public @Nullable Duration freshFor() {
            call("freshFor");
            return Duration.ofMinutes(1);
        }

        @Override
        public long requests() {
            call("requests");
            return 1;
        }

        @Override
        public @Nullable String trouble() {
            call("trouble");
            return null;
        }

        @Override
        public void close() {
            call("close");
            closed.countDown();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"start", "freshFor", "requests", "trouble", "close"})
    void a_source_that_never_returns_hurts_no_other_watch_and_no_close(String call) throws Exception {
        Hanging hanging = new Hanging(call);
        EndpointWatchers own = new EndpointWatchers(
                WatchThreads::start, (target, context) -> target.equals(TARGET) ? hanging : source());
        CountDownLatch answered = new CountDownLatch(1);
        Subscription hung = own.subscribe(TARGET, AT_ONCE, snapshot -> {
            if (!snapshot.endpoints().isEmpty()) {
                answered.countDown();
            }
        });
        await(answered);
        Subscription keeper = own.subscribe(Target.parse("fake:///other"), AT_ONCE, s -> {});
        if (call.equals("close")) {
            hung.close();
        }
        await(hanging.hangs);
        CountDownLatch other = new CountDownLatch(1);
        Subscription works = own.subscribe(Target.parse("fake:///third"), AT_ONCE, s -> other.countDown());
        await(other);

        hung.close();
        works.close();
        keeper.close();
        assertThat(hanging.release.getCount())
                .as("returned although the source did not")
                .isEqualTo(1);
        assertThat(watchThreads()).containsOnly("evenkeel-watch-source");
        hanging.release.countDown();
        await(hanging.closed);
    }

    @Test
    void a_source_whose_start_never_returns_is_stale_with_that_reason() {
        List<Runnable> calls = new ArrayList<>();
        EndpointWatchers held = new EndpointWatchers(
                new SourceContext(
                        scheduler.ticker(), scheduler, Runnable::run, new Random(1), new SharedResources(), calls::add),
                (target, context) -> source());
        List<WatchSnapshot> seen = new ArrayList<>();
        held.subscribe(TARGET, AT_ONCE, seen::add);
        scheduler.advance(SourceCalls.START_DEADLINE);
        assertThat(seen.get(seen.size() - 1).health()).isEqualTo(SourceHealth.UNKNOWN);
        assertThat(seen.get(seen.size() - 1).reason()).startsWith("the source's start() has not returned within PT5S");

        calls.remove(0).run();
        sources.get(0).endpoints(A);
        scheduler.runDue();
        assertThat(seen.get(seen.size() - 1).health()).isEqualTo(SourceHealth.HEALTHY);
    }

    @Test
    void what_was_published_before_the_source_answered_its_questions_is_published_again_with_the_answers() {
        List<Runnable> calls = new ArrayList<>();
        EndpointSource counting = new Hanging("nothing");
        EndpointWatchers held = new EndpointWatchers(
                new SourceContext(
                        scheduler.ticker(), scheduler, Runnable::run, new Random(1), new SharedResources(), calls::add),
                (target, context) -> counting);
        List<WatchSnapshot> seen = new ArrayList<>();
        Subscription subscription = held.subscribe(TARGET, AT_ONCE, seen::add);
        scheduler.runDue();
        while (!calls.isEmpty()) {
            calls.remove(0).run();
            scheduler.runDue();
        }
        assertThat(seen).extracting(s -> s.endpoints().size()).containsExactly(0, 1, 1);
        assertThat(seen).extracting(s -> s.details().freshFor()).containsExactly(null, null, Duration.ofMinutes(1));
        assertThat(subscription.current()).isEqualTo(seen.get(2));
    }

    private static void drain(SystemScheduler real) {
        CountDownLatch done = new CountDownLatch(1);
        real.execute(done::countDown);
        await(done);
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static List<String> watchThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith("evenkeel-watch"))
                .toList();
    }
}
