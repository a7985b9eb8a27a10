package io.evenkeel.spi;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.CapturedLog;
import io.evenkeel.endpoint.Endpoint;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;

class GuardTest {

    private static final List<Throwable> ANYTHING = List.of(
            new IllegalStateException("on purpose"),
            new Exception("checked"),
            new AssertionError("on purpose"),
            new OutOfMemoryError("unable to create native thread"),
            new StackOverflowError());

    private final Guard guard = new Guard("Pool orders");

    @Test
    void whatever_foreign_code_throws_is_its_own_failure() {
        for (Throwable thrown : ANYTHING) {
            assertThat(guard.run("the listener", null, () -> {
                        throw thrown;
                    }))
                    .as("%s", thrown)
                    .isSameAs(thrown);
        }
        assertThat(guard.run("the listener", null, () -> {})).isNull();
        assertThat(guard.<Integer>call("the driver", null, () -> 1, failure -> 2))
                .isEqualTo(1);
        assertThat(guard.<Integer>call(
                        "the driver",
                        null,
                        () -> {
                            throw new Exception("on purpose");
                        },
                        failure -> 2))
                .isEqualTo(2);
    }

    @Test
    void each_kind_is_logged_once_with_pool_and_endpoint() {
        try (CapturedLog log = new CapturedLog()) {
            for (int i = 0; i < 3; i++) {
                for (String kind : List.of("the listener", "the driver")) {
                    guard.run(kind, Endpoint.of("pg-1", "10.0.0.1", 5432).key(), () -> {
                        throw new AssertionError("on purpose");
                    });
                }
            }
            assertThat(log.linesWith("Pool orders: the listener failed at pg-1@10.0.0.1:5432;"))
                    .hasSize(1);
            assertThat(log.linesWith("Pool orders: the driver failed at pg-1@10.0.0.1:5432;"))
                    .hasSize(1);
        }
    }

    @Test
    void an_interruption_is_not_lost() {
        guard.run("the driver", null, () -> {
            throw new InterruptedException();
        });
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void a_failure_that_cannot_be_printed_is_survived() {
        guard.run("the driver", null, () -> {
            throw new IllegalStateException() {
                @Override
                public String toString() {
                    throw new IllegalStateException("neither this");
                }
            };
        });
    }

    @Test
    void a_promise_is_kept_exactly_once_for_any_end_of_its_step() {
        for (Throwable thrown : ANYTHING) {
            List<Object> outcomes = new ArrayList<>();
            PromisedCallback.<Object>of(outcomes::add, failure -> failure).run(() -> {
                throw thrown instanceof Exception checked ? checked : raise(thrown);
            });
            assertThat(outcomes).as("%s", thrown).containsExactly(thrown);
        }
        List<Object> outcomes = new ArrayList<>();
        PromisedCallback<Object> promise = PromisedCallback.of(outcomes::add, failure -> failure);
        promise.run(() -> "done");
        promise.accept("again");
        promise.fail(new IllegalStateException("late"));
        assertThat(outcomes).containsExactly("done");
        assertThat(promise.isCompleted()).isTrue();
    }

    private static RuntimeException raise(Throwable error) {
        throw (Error) error;
    }

    @Test
    void a_promise_is_kept_where_its_step_cannot_begin() {
        for (Throwable thrown :
                List.of(new RejectedExecutionException("shut down"), new OutOfMemoryError("unable to create thread"))) {
            List<Object> outcomes = new ArrayList<>();
            PromisedCallback.<Object>of(outcomes::add, failure -> failure)
                    .runOn(
                            task -> {
                                throw thrown instanceof RuntimeException rejected ? rejected : raise(thrown);
                            },
                            () -> "done");
            assertThat(outcomes).as("%s", thrown).containsExactly(thrown);
        }
    }

    @Test
    void a_verb_that_calls_back_and_then_throws_has_called_back() {
        List<Object> outcomes = new ArrayList<>();
        PromisedCallback<Object> promise = PromisedCallback.of(outcomes::add, failure -> failure);
        promise.begin(() -> {
            promise.accept("done");
            throw new IllegalStateException("after all");
        });
        assertThat(outcomes).containsExactly("done");
    }
}
