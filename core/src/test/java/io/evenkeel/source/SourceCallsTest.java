package io.evenkeel.source;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.CapturedLog;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.time.ManualScheduler;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Calls of a source that run when the test says so: one that it does not run is one that has not returned. */
class SourceCallsTest {

    private static final Endpoint A = Endpoint.of("10.0.0.1", 5432);

    private final ManualScheduler scheduler = new ManualScheduler();
    private final Deque<Runnable> called = new ArrayDeque<>();
    private final SourceContext context = new SourceContext(
            scheduler.ticker(), scheduler, Runnable::run, new Random(1), new SharedResources(), called::add);
    private final List<EndpointSource.Report> reports = new ArrayList<>();
    private final Probe source = new Probe();
    private final SourceCalls calls = new SourceCalls("fake:///pg", source, context);

    /** Counts what it is called for, and runs a step of the test's within each call. */
    private static final class Probe implements EndpointSource {
        int started;
        int closed;
        int asked;
        Runnable within = () -> {};
        Duration promise = Duration.ofSeconds(7);

        @Override
        public void start(Observer observer) {
            started++;
            observer.on(new Endpoints(List.of(A)));
            within.run();
        }

        @Override
        public @Nullable Duration freshFor() {
            within.run();
            return promise;
        }

        @Override
        public long requests() {
            return ++asked;
        }

        @Override
        public void close() {
            closed++;
            within.run();
        }
    }

    private void runCalls() {
        for (Runnable call = called.poll(); call != null; call = called.poll()) {
            call.run();
        }
    }

    private String lastFailure() {
        return ((EndpointSource.Failed) reports.get(reports.size() - 1)).reason();
    }

    @Test
    void a_start_that_does_not_return_is_a_failure_and_what_it_reported_counts_again_when_it_does() {
        source.within = () -> {
            scheduler.advance(SourceCalls.START_DEADLINE.minusMillis(1));
            assertThat(reports).as("within its time").hasSize(1);
            scheduler.advance(Duration.ofMillis(1));
            assertThat(lastFailure()).startsWith("the source's start() has not returned within PT5S (expected: ");
        };
        calls.start(reports::add);
        assertThat(source.started).as("in place").isZero();
        runCalls();
        assertThat(reports).hasSize(3).last().isEqualTo(new EndpointSource.Endpoints(List.of(A)));
        assertThat(scheduler.pending()).isEmpty();
    }

    @Test
    void a_start_that_no_thread_runs_is_a_failure() {
        SourceContext refusing = new SourceContext(
                scheduler.ticker(), scheduler, Runnable::run, new Random(1), new SharedResources(), work -> {
                    throw new OutOfMemoryError("unable to create native thread");
                });
        new SourceCalls("fake:///pg", source, refusing).start(reports::add);
        assertThat(lastFailure()).isEqualTo("the source did not start: unable to create native thread");
        assertThat(scheduler.pending()).isEmpty();
    }

    @Test
    void a_source_that_is_closed_while_it_starts_is_closed_once_when_its_start_has_returned() {
        source.within = () -> {
            source.within = () -> {};
            calls.close();
            assertThat(called).isEmpty();
            assertThat(source.closed).isZero();
        };
        calls.start(reports::add);
        runCalls();
        assertThat(source.closed).isEqualTo(1);
        calls.close();
        runCalls();
        assertThat(source.closed).isEqualTo(1);
        assertThat(scheduler.pending()).isEmpty();
    }

    @Test
    void a_source_whose_start_is_overdue_is_interrupted_closed_at_once_and_again_when_it_returns() {
        source.within = () -> {
            source.within = () -> {};
            scheduler.advance(SourceCalls.START_DEADLINE);
            calls.close();
            assertThat(Thread.interrupted()).isTrue();
            called.remove().run();
            assertThat(source.closed).isEqualTo(1);
        };
        calls.start(reports::add);
        called.remove().run();
        assertThat(source.closed).isEqualTo(2);
        assertThat(reports).as("nothing after close").hasSize(2);
        assertThat(scheduler.pending()).isEmpty();
    }

    @Test
    void a_start_that_becomes_overdue_after_the_close_no_longer_holds_it_back() {
        source.within = () -> {
            source.within = () -> {};
            calls.close();
            scheduler.advance(SourceCalls.START_DEADLINE);
            assertThat(Thread.interrupted()).isTrue();
            called.remove().run();
            assertThat(source.closed).isEqualTo(1);
        };
        calls.start(reports::add);
        called.remove().run();
        assertThat(source.closed).isEqualTo(2);
        assertThat(reports).hasSize(1);
    }

    @Test
    void a_close_that_does_not_return_is_interrupted_and_named() {
        calls.start(reports::add);
        runCalls();
        try (CapturedLog log = new CapturedLog()) {
            source.within = () -> {
                scheduler.advance(SourceCalls.CLOSE_DEADLINE);
                assertThat(Thread.interrupted()).isTrue();
            };
            calls.close();
            assertThat(source.closed).as("in place").isZero();
            runCalls();
            assertThat(log.linesWith("fake:///pg: the source's close() has not returned within PT2S"))
                    .hasSize(1);
        }
        assertThat(scheduler.pending()).isEmpty();
    }

    @Test
    void the_source_is_asked_off_the_callers_thread_and_once_more_where_a_report_came_meanwhile() {
        List<SourceCalls.Facts> answered = new ArrayList<>();
        Runnable note = () -> answered.add(calls.facts());
        source.within = () -> {
            source.within = () -> {};
            calls.ask(note);
            calls.ask(note);
        };
        calls.ask(note);
        assertThat(source.asked).as("in place").isZero();
        assertThat(called).hasSize(1);
        runCalls();
        scheduler.runDue();
        assertThat(answered).containsExactly(new SourceCalls.Facts(Duration.ofSeconds(7), 2, null));
    }

    @Test
    void an_answer_that_is_no_promise_or_throws_promises_nothing() {
        source.promise = Duration.ZERO;
        calls.ask(() -> {});
        runCalls();
        assertThat(calls.facts()).isEqualTo(new SourceCalls.Facts(null, 1, null));
        source.within = () -> {
            throw new StackOverflowError("on purpose");
        };
        calls.ask(() -> {});
        runCalls();
        assertThat(calls.facts()).isEqualTo(new SourceCalls.Facts(null, 2, null));
    }
}
