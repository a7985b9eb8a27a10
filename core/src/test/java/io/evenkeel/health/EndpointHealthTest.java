package io.evenkeel.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.time.DueTime;
import io.evenkeel.time.ManualScheduler;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class EndpointHealthTest {

    private static final EndpointKey A = key("a");
    private static final EndpointKey B = key("b");
    private static final EndpointKey C = key("c");
    private static final EndpointKey D = key("d");
    private static final EndpointKey E = key("e");
    private static final EndpointKey F = key("f");

    private final ManualScheduler time = new ManualScheduler();
    private final AtomicInteger changes = new AtomicInteger();
    private EndpointHealth health = health(HealthConfig.defaults());

    @Test
    void five_failures_in_a_row_eject_and_four_do_not() {
        health.retain(set(A, B, C));
        fail(A, 4);
        assertThat(health.view().ejected()).isEmpty();
        assertThat(changes).hasValue(0);

        fail(A, 1);
        assertThat(changes).hasValue(1);
        assertThat(health.view().ejected()).containsExactly(A);
        assertThat(health.view().isEjected(A)).isTrue();
        assertThat(health.view().isEjected(B)).isFalse();
        assertThat(health.view().reason(A)).isEqualTo("5 failures in a row");
        assertThat(health.view().lastError(A)).contains("IOException").contains("refused");
    }

    @Test
    void a_success_in_between_starts_the_row_anew() {
        health.retain(set(A, B, C));
        for (int i = 0; i < 9; i++) {
            fail(A, 4);
            health.succeeded(A);
        }
        assertThat(health.view().ejected()).isEmpty();
    }

    @Test
    void a_rate_of_85_percent_of_50_ejects() {
        health = health(HealthConfig.builder().consecutiveFailures(1_000).build());
        health.retain(set(A, B, C));
        for (int i = 0; i < 7; i++) {
            fail(A, 1);
            health.succeeded(A);
        }
        fail(A, 35);
        assertThat(health.view().ejected()).as("49 outcomes").isEmpty();
        fail(A, 1);
        assertThat(health.view().ejected()).as("43 of 50").containsExactly(A);
        assertThat(health.view().reason(A)).isEqualTo("43 of the last 50 attempts failed");
    }

    @Test
    void a_rate_of_84_percent_of_50_does_not_eject() {
        health = health(HealthConfig.builder().consecutiveFailures(1_000).build());
        health.retain(set(A, B, C));
        for (int i = 0; i < 8; i++) {
            fail(A, 1);
            health.succeeded(A);
        }
        fail(A, 34);
        assertThat(health.view().ejected()).as("42 of 50").isEmpty();
    }

    @Test
    void the_rate_can_be_reached_by_a_success_that_fills_the_window() {
        health = health(HealthConfig.builder().consecutiveFailures(1_000).build());
        health.retain(set(A, B, C));
        fail(A, 49);
        health.succeeded(A);
        assertThat(changes).hasValue(1);
        assertThat(health.view().ejected()).containsExactly(A);
    }

    @Test
    void fifty_successes_after_a_failure_are_wanted_and_then_none() {
        health.retain(set(A, B, C));
        fail(A, 3);
        succeed(A, 50);
        fail(A, 4);
        succeed(A, 60);
        assertThat(health.view().ejected()).isEmpty();
    }

    @Test
    void an_ejection_lasts_1_s_with_jitter_then_waits_for_a_probe_that_readmits() {
        health.retain(set(A, B, C));
        fail(A, 5);
        HealthView view = health.view();
        Duration first = Objects.requireNonNull(view.remaining(A));
        assertThat(first).isBetween(Duration.ofMillis(500), Duration.ofSeconds(1));
        assertThat(view.probeDue()).isEmpty();
        assertThat(health.beginProbe(A)).as("not due").isFalse();
        assertThat(health.nextDue()).isEqualTo(DueTime.at(Objects.requireNonNull(view.ejectedUntil(A))));

        time.advance(first.minusNanos(1));
        assertThat(health.view().probeDue()).isEmpty();
        time.advance(Duration.ofNanos(1));
        assertThat(health.view().probeDue()).containsExactly(A);
        assertThat(health.view().isEjected(A)).as("out until probed").isTrue();
        assertThat(health.view().remaining(A)).isEqualTo(Duration.ZERO);
        assertThat(health.nextDue().isNever()).isTrue();

        assertThat(health.beginProbe(A)).isTrue();
        assertThat(health.beginProbe(A)).as("already under way").isFalse();
        assertThat(health.view().probeDue()).isEmpty();
        assertThat(health.view().isEjected(A)).isTrue();

        health.probed(A, true, null);
        assertThat(health.view().ejected()).isEmpty();
        assertThat(health.view().ejectedUntil(A)).isNull();
        fail(A, 4);
        assertThat(health.view().ejected()).as("a clean slate after the return").isEmpty();
        fail(A, 1);
        assertThat(health.view().ejected()).containsExactly(A);
    }

    @Test
    void a_failed_probe_is_repeated_at_most_4_s_later_for_a_minute_and_then_30_s() {
        health.retain(set(A, B, C));
        fail(A, 5);
        long away = 0;
        for (int n = 1; n <= 40; n++) {
            Duration out = Objects.requireNonNull(health.view().remaining(A));
            long nominal = n < 3 ? n * 1_000L : away < 60_000 ? 4_000 : 30_000;
            assertThat(out.toMillis()).as("probe %d", n).isBetween(n < 3 ? nominal / 2 - 1 : 1_999, nominal);
            away += out.toMillis();
            time.advance(out);
            assertThat(health.beginProbe(A)).isTrue();
            health.probed(A, false, new IOException("still refused"));
            assertThat(health.view().probeDue()).as("from the failure on").isEmpty();
        }
        assertThat(health.view().lastError(A)).contains("still refused");
        assertThat(health.view().reason(A)).isEqualTo("its probe failed");
    }

    @Test
    void each_ejection_soon_after_a_return_is_twice_as_long_and_being_well_for_30_s_takes_one_off() {
        health.retain(set(A, B, C));
        for (int n = 0; n < 3; n++) {
            ejectAndBringBack(A);
        }
        time.advance(Duration.ofSeconds(59));
        fail(A, 5);
        assertThat(Objects.requireNonNull(health.view().remaining(A)))
                .as("3 - 1 + 1")
                .isBetween(Duration.ofSeconds(2), Duration.ofSeconds(4));
        bringBack(A);
        time.advance(Duration.ofSeconds(10 * 30));
        fail(A, 5);
        assertThat(Objects.requireNonNull(health.view().remaining(A)))
                .as("all forgiven")
                .isBetween(Duration.ofMillis(500), Duration.ofSeconds(1));
    }

    @Test
    void work_under_way_neither_brings_an_ejected_endpoint_back_nor_keeps_it_out_for_longer() {
        health.retain(set(A, B, C));
        fail(A, 5);
        Long until = health.view().ejectedUntil(A);
        succeed(A, 100);
        fail(A, 100);
        assertThat(health.view().ejectedUntil(A)).isEqualTo(until);

        time.advance(Duration.ofSeconds(33));
        assertThat(health.beginProbe(A)).isTrue();
        succeed(A, 100);
        assertThat(health.view().isEjected(A))
                .as("a success of others' during the probe")
                .isTrue();
        fail(A, 100);
        health.probed(A, true, null);
        assertThat(health.view().isEjected(A)).isFalse();
        assertThat(changes).hasValue(1);
    }

    @Test
    void at_most_a_third_is_out_and_the_first_to_fail_stay_out() {
        health.retain(set(A, B, C, D, E, F));
        fail(D, 5);
        fail(A, 5);
        fail(B, 5);
        assertThat(health.view().ejected()).containsExactly(A, D);
        time.advance(Duration.ofSeconds(5));
        assertThat(health.view().ejected()).containsExactly(A, D);
    }

    @Test
    void who_was_held_back_goes_when_another_returns() {
        health.retain(set(A, B, C));
        fail(A, 5);
        fail(B, 5);
        assertThat(health.view().ejected()).containsExactly(A);
        time.advance(Duration.ofSeconds(20));
        fail(B, 1);
        time.advance(Duration.ofSeconds(13));
        assertThat(health.beginProbe(A)).isTrue();
        health.probed(A, true, null);
        assertThat(health.view().ejected()).containsExactly(B);
        assertThat(Objects.requireNonNull(health.view().remaining(B))).isGreaterThan(Duration.ofMillis(499));
    }

    @Test
    void who_was_held_back_goes_when_the_endpoints_become_more() {
        health.retain(set(A, B, C));
        fail(A, 5);
        fail(B, 5);
        assertThat(health.view().ejected()).containsExactly(A);
        health.retain(set(A, B, C, D, E, F));
        assertThat(health.view().ejected()).containsExactly(A, B);
    }

    @Test
    void who_was_held_back_and_recovered_stays() {
        health.retain(set(A, B, C));
        fail(A, 5);
        fail(B, 5);
        health.view();
        succeed(B, 4);
        fail(B, 1);
        succeed(B, 4);
        health.retain(set(A, B, C, D, E, F));
        assertThat(health.view().ejected()).as("4 in a row do not clear it").containsExactly(A, B);

        health = health(HealthConfig.defaults());
        health.retain(set(A, B, C));
        fail(A, 5);
        fail(B, 5);
        health.view();
        succeed(B, 5);
        health.retain(set(A, B, C, D, E, F));
        assertThat(health.view().ejected()).as("5 do").containsExactly(A);
    }

    @Test
    void a_verdict_that_led_to_nothing_lapses() {
        health.retain(set(A, B, C));
        fail(A, 5);
        fail(B, 5);
        health.view();
        time.advance(Duration.ofSeconds(30));
        health.retain(set(A, B, C, D, E, F));
        assertThat(health.view().ejected()).containsExactly(A);
    }

    @Test
    void the_last_to_fail_is_spared_when_the_endpoints_become_fewer() {
        health.retain(set(A, B, C, D, E, F));
        fail(B, 5);
        fail(A, 5);
        assertThat(health.view().ejected()).containsExactly(A, B);
        time.advance(Duration.ofSeconds(33));
        assertThat(health.beginProbe(A)).isTrue();
        health.retain(set(A, B, C));
        assertThat(health.view().ejected()).containsExactly(B);
        health.probed(A, false, new IOException("refused"));
        assertThat(health.view().ejected()).containsExactly(B);
    }

    @Test
    void a_single_endpoint_is_never_left_out() {
        health.retain(set(A));
        fail(A, 5);
        HealthView view = health.view();
        assertThat(view.panic()).isTrue();
        assertThat(view.ejected()).isEmpty();
        assertThat(view.isEjected(A)).isFalse();
        assertThat(view.remaining(A)).isNull();
        assertThat(view.ejectedFor(Duration.ZERO)).isEmpty();

        time.advance(Duration.ofSeconds(33));
        assertThat(health.view().probeDue()).as("probed all the same").containsExactly(A);
    }

    @Test
    void ejections_are_ignored_while_fewer_than_half_are_left() {
        health = health(HealthConfig.builder().maxEjectedFraction(1).build());
        health.retain(set(A, B, C, D));
        fail(A, 5);
        fail(B, 5);
        assertThat(health.view().ejected()).as("half is left").containsExactly(A, B);
        fail(C, 5);
        assertThat(health.view().panic()).isTrue();
        assertThat(health.view().ejected()).isEmpty();
        time.advance(Duration.ofSeconds(33));
        assertThat(health.view().probeDue()).containsExactly(A, B, C);
        assertThat(health.beginProbe(B)).isTrue();
        health.probed(B, true, null);
        assertThat(health.view().panic()).isFalse();
        assertThat(health.view().ejected()).containsExactly(A, C);
    }

    @Test
    void ejectedFor_counts_through_failed_probes() {
        health.retain(set(A, B, C));
        fail(A, 5);
        health.view();
        time.advance(Duration.ofSeconds(60));
        health.beginProbe(A);
        health.probed(A, false, null);
        time.advance(Duration.ofSeconds(59));
        assertThat(health.view().ejectedFor(Duration.ofMinutes(2))).isEmpty();
        time.advance(Duration.ofSeconds(1));
        assertThat(health.view().ejectedFor(Duration.ofMinutes(2))).containsExactly(A);
    }

    @Test
    void an_endpoint_that_flaps_keeps_its_history_for_a_minute() {
        health.retain(set(A, B, C));
        fail(A, 5);
        Long until = health.view().ejectedUntil(A);
        health.retain(set(B, C));
        assertThat(health.view().ejected()).isEmpty();
        assertThat(health.nextDue().isNever()).isTrue();
        fail(A, 50);
        time.advance(Duration.ofSeconds(59));
        health.retain(set(A, B, C));
        assertThat(health.view().ejected()).containsExactly(A);
        assertThat(health.view().ejectedUntil(A)).isEqualTo(until);
        assertThat(health.view().probeDue()).containsExactly(A);

        health.retain(set(B, C));
        time.advance(Duration.ofSeconds(61));
        health.retain(set(A, B, C));
        assertThat(health.view().ejected()).isEmpty();
        assertThat(health.view().lastError(A)).isNull();
    }

    @Test
    void an_endpoint_that_leaves_while_it_is_probed_is_due_again_when_it_returns() {
        health.retain(set(A, B, C));
        fail(A, 5);
        health.view();
        time.advance(Duration.ofSeconds(33));
        health.beginProbe(A);
        health.retain(set(B, C));
        health.probed(A, true, null);
        health.retain(set(A, B, C));
        assertThat(health.view().probeDue()).containsExactly(A);
        health.probed(A, true, null);
        assertThat(health.view().ejected()).as("no probe is under way").containsExactly(A);
        assertThat(health.beginProbe(A)).isTrue();
        health.probed(A, true, null);
        assertThat(health.view().ejected()).isEmpty();
    }

    @Test
    void disabled_ejects_nothing_and_remembers_errors() {
        health = health(HealthConfig.builder().enabled(false).build());
        health.retain(set(A, B, C));
        fail(A, 500);
        assertThat(health.view().ejected()).isEmpty();
        assertThat(health.view().lastError(A)).contains("refused");
        assertThat(changes).hasValue(0);
    }

    @Test
    void unknown_endpoints_and_odd_exceptions_and_a_failing_callback_are_survived() {
        health = new EndpointHealth("test", HealthConfig.defaults(), time.ticker(), new SplittableRandom(1), () -> {
            throw new IllegalStateException("callback");
        });
        assertThatCode(() -> {
                    health.failed(A, new IOException("refused"));
                    health.succeeded(A);
                    health.probed(A, true, null);
                    assertThat(health.beginProbe(A)).isFalse();
                    health.retain(set(A, B, C));
                    for (int i = 0; i < 5; i++) {
                        health.failed(A, new Mute());
                    }
                })
                .doesNotThrowAnyException();
        assertThat(health.view().ejected()).containsExactly(A);
        assertThat(health.view().lastError(A)).contains("Mute");
    }

    @Test
    void no_thread_is_started() {
        health.retain(set(A, B, C));
        ejectAndBringBack(A);
        assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .noneMatch(name -> name.contains("CircuitBreaker"));
    }

    private static final class Mute extends Exception {
        private static final long serialVersionUID = 1;

        @Override
        public String getMessage() {
            throw new IllegalStateException("no message");
        }
    }

    @Test
    void a_refusal_is_remembered_and_ejects_nothing() {
        health.retain(set(A, B, C));
        for (int i = 0; i < 500; i++) {
            health.refused(A, new IOException("too many connections"));
        }
        assertThat(health.view().ejected()).isEmpty();
        assertThat(health.view().lastError(A)).contains("too many connections");
        assertThat(health.successesWanted(A)).isZero();
        assertThat(changes).hasValue(0);
    }

    @Test
    void as_many_successes_are_wanted_as_the_rate_looks_back_on() {
        health = health(HealthConfig.builder().minimumCalls(7).build());
        health.retain(set(A, B, C));
        assertThat(health.successesWanted(A)).isZero();
        fail(A, 1);
        assertThat(health.successesWanted(A)).isEqualTo(7);
        succeed(A, 3);
        assertThat(health.successesWanted(A)).isEqualTo(4);
        succeed(A, 30);
        assertThat(health.successesWanted(A)).isZero();
        assertThat(health.successesWanted(key("z"))).isZero();
    }

    @Test
    void a_connection_that_works_readmits_as_a_probe_does() {
        health.retain(set(A, B, C));
        assertThat(health.alive(A)).as("no news").isFalse();
        fail(A, 5);
        assertThat(health.view().ejected()).containsExactly(A);
        int changesBefore = changes.get();
        assertThat(health.alive(A)).isTrue();
        for (int i = 0; i < 1_000; i++) {
            assertThat(health.alive(A)).as("reported for every request").isFalse();
        }
        assertThat(changes).as("looked at for none of them").hasValue(changesBefore);
        assertThat(health.view().ejected()).as("not before its time is over").containsExactly(A);

        time.advance(Duration.ofSeconds(1));
        assertThat(health.beginProbe(A)).isTrue();
        health.probed(A, false, new IOException("refused"));
        int before = changes.get();
        assertThat(health.alive(A)).isTrue();
        assertThat(changes.get()).isEqualTo(before + 1);
        assertThat(health.view().ejected())
                .as("the next probe is not waited for")
                .isEmpty();
    }

    @Test
    void a_connection_that_works_readmits_while_a_probe_is_under_way() {
        health.retain(set(A, B, C));
        fail(A, 5);
        health.view();
        time.advance(Duration.ofSeconds(1));
        assertThat(health.beginProbe(A)).isTrue();
        health.alive(A);
        assertThat(health.view().ejected()).isEmpty();
        health.probed(A, false, new IOException("the probe timed out"));
        assertThat(health.view().ejected()).isEmpty();
    }

    private void ejectAndBringBack(EndpointKey key) {
        fail(key, 5);
        bringBack(key);
    }

    private void bringBack(EndpointKey key) {
        time.advance(Objects.requireNonNull(health.view().remaining(key)));
        assertThat(health.beginProbe(key)).isTrue();
        health.probed(key, true, null);
    }

    private void fail(EndpointKey key, int times) {
        for (int i = 0; i < times; i++) {
            health.failed(key, new IOException("refused"));
        }
    }

    private void succeed(EndpointKey key, int times) {
        for (int i = 0; i < times; i++) {
            health.succeeded(key);
        }
    }

    private EndpointHealth health(HealthConfig config) {
        return new EndpointHealth("test", config, time.ticker(), new SplittableRandom(7), changes::incrementAndGet);
    }

    private static LinkedHashSet<EndpointKey> set(EndpointKey... keys) {
        return new LinkedHashSet<>(Arrays.asList(keys));
    }

    private static EndpointKey key(String name) {
        return new EndpointKey("pod-" + name, "10.0.0." + (name.charAt(0) - 'a' + 1), 5432);
    }
}
