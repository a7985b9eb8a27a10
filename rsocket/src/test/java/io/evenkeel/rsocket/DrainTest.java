package io.evenkeel.rsocket;

import static io.evenkeel.rsocket.PoolBed.leaving;
import static io.evenkeel.rsocket.PoolBed.pod;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.event.EvenkeelEvent;
import io.rsocket.Payload;
import io.rsocket.util.DefaultPayload;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;

/** Connections in memory, time that stands still. */
class DrainTest {

    private static StreamPolicies all(LongStreamPolicy policy) {
        return new StreamPolicies(policy, Map.of(), payload -> null);
    }

    @Test
    void a_request_in_flight_at_a_pod_that_leaves_ends_in_peace_and_then_its_connection_closes() {
        PoolBed bed = new PoolBed();
        bed.publish(pod("a1"));
        FakeRSocket a = bed.socket("a1");
        List<String> answers = new ArrayList<>();
        bed.ask("x").subscribe(answers::add);
        assertThat(a.received).containsExactly("x");

        bed.publish(leaving("a1"), pod("b2"));
        bed.pass(Duration.ofSeconds(10));
        FakeRSocket b = bed.socket("b2");
        bed.ask("y").subscribe(answers::add);
        assertThat(a.received).as("no new work for the one that leaves").containsExactly("x");
        assertThat(b.received).containsExactly("y");
        assertThat(a.isDisposed()).as("still in flight").isFalse();
        assertThat(bed.events(EvenkeelEvent.DrainEnded.class)).isEmpty();

        a.answer(0, "done");
        bed.pass(Duration.ZERO);
        assertThat(answers).containsExactly("done");
        assertThat(a.isDisposed()).isTrue();
        assertThat(bed.events(EvenkeelEvent.DrainEnded.class)).hasSize(1);
        assertThat(bed.events(EvenkeelEvent.ConnectionFailed.class)).isEmpty();
    }

    @Test
    void what_is_in_flight_at_the_deadline_is_cut_with_an_error_that_says_so() {
        PoolBed bed = new PoolBed();
        bed.publish(pod("a1"), pod("b2"));
        bed.pass(Duration.ofSeconds(1));
        FakeRSocket a = bed.socket("a1");
        List<Throwable> errors = new ArrayList<>();
        while (a.streams.isEmpty()) {
            bed.stream("s").subscribe(element -> {}, errors::add);
        }

        bed.publish(leaving("a1"), pod("b2"));
        bed.pass(Duration.ofMillis(24_900));
        assertThat(errors).isEmpty();
        bed.pass(Duration.ofMillis(200));
        assertThat(errors).hasSize(1);
        assertThat(errors.get(0))
                .isInstanceOf(DrainDeadlineException.class)
                .hasMessageStartingWith(
                        "Pool orders: a1@10.0.0.1:7000 is left and this request was still in flight there"
                                + " after PT25S");
        assertThat(((EvenkeelRSocketException) errors.get(0)).neverSent()).isFalse();
        assertThat(bed.events(EvenkeelEvent.DrainEnded.class)).hasSize(1);
        assertThat(bed.events(EvenkeelEvent.ConnectionFailed.class))
                .as("nobody's fault")
                .isEmpty();
    }

    @Test
    void what_the_server_began_is_waited_for_too() {
        PoolBed bed = new PoolBed();
        bed.publish(pod("a1"), pod("b2"));
        bed.pass(Duration.ofSeconds(1));
        FakeRSocket a = bed.socket("a1");
        bed.connection(a).enterAnyway();

        bed.publish(leaving("a1"), pod("b2"));
        bed.pass(Duration.ofSeconds(10));
        assertThat(a.isDisposed()).isFalse();
        bed.connection(a).exitAnyway();
        assertThat(a.isDisposed()).isTrue();
    }

    @Test
    void a_pod_that_comes_back_before_its_drain_is_over_takes_requests_again() {
        // Else it would be held down for a while as one that flaps.
        PoolBed bed = new PoolBed(
                settings -> settings.holdDown(Duration.ZERO, Duration.ZERO), all(LongStreamPolicy.stick()), 1, 32);
        bed.publish(pod("a1"), pod("b2"));
        bed.pass(Duration.ofSeconds(1));
        FakeRSocket a = bed.socket("a1");
        bed.connection(a).enterAnyway();
        bed.publish(leaving("a1"), pod("b2"));
        bed.pass(Duration.ofSeconds(10));
        assertThat(bed.connection(a).state()).isEqualTo(ConnectionState.DRAINING);

        bed.publish(pod("a1"), pod("b2"));
        bed.pass(Duration.ofMinutes(3));
        assertThat(bed.connection(a).state()).isEqualTo(ConnectionState.OPEN);
        assertThat(bed.sockets).hasSize(2);
    }

    @Test
    void an_old_connection_is_replaced_first_and_kept_for_the_stream_that_sticks_to_it() {
        PoolBed bed = new PoolBed(
                settings -> settings.maxConnectionAge(Duration.ofMinutes(10)), all(LongStreamPolicy.stick()), 1, 32);
        bed.publish(pod("a1"));
        FakeRSocket old = bed.socket("a1");
        List<String> elements = new ArrayList<>();
        bed.stream("s").subscribe(elements::add);

        bed.pass(Duration.ofMinutes(13));
        assertThat(bed.sockets.size()).isGreaterThan(1);
        assertThat(old.isDisposed()).isFalse();
        FakeRSocket young = bed.socket("a1");
        assertThat(young).isNotSameAs(old);
        bed.ask("x").subscribe();
        assertThat(young.received).containsExactly("x");
        assertThat(bed.connections.connections())
                .anySatisfy(connection -> assertThat(connection.streams()).isEqualTo(1));

        bed.pass(Duration.ofHours(2));
        old.emit(0, "late");
        old.streams.get(0).tryEmitComplete();
        assertThat(elements).containsExactly("late");
        assertThat(old.isDisposed()).isTrue();
    }

    @Test
    void a_stream_with_a_deadline_is_ended_by_itself_that_long_after_its_connection_began_to_drain() {
        PoolBed bed = new PoolBed(
                settings -> settings.maxConnectionAge(Duration.ofMinutes(10)),
                all(LongStreamPolicy.deadline(Duration.ofSeconds(40))),
                1,
                32);
        bed.publish(pod("a1"));
        FakeRSocket old = bed.socket("a1");
        List<Throwable> errors = new ArrayList<>();
        bed.stream("s").subscribe(element -> {}, errors::add);
        while (bed.connection(old).state() == ConnectionState.OPEN) {
            bed.pass(Duration.ofSeconds(1));
        }
        bed.pass(Duration.ofSeconds(38));
        assertThat(errors).isEmpty();
        bed.pass(Duration.ofSeconds(3));
        assertThat(errors).singleElement().isInstanceOf(DrainDeadlineException.class);
        assertThat(old.cancelled).isEqualTo(1);
        assertThat(old.isDisposed()).isTrue();
    }

    @Test
    void a_stream_that_can_be_continued_goes_on_at_another_pod_with_its_demand_and_without_a_gap() {
        PoolBed bed = new PoolBed(settings -> settings, all(LongStreamPolicy.resubscribe(PoolBedResumer::new)), 1, 32);
        bed.publish(pod("a1"));
        FakeRSocket a = bed.socket("a1");
        StepVerifier.create(bed.stream("from 0"), 3)
                .then(() -> a.emit(0, "0"))
                .expectNext("0")
                .then(() -> {
                    bed.publish(leaving("a1"), pod("b2"));
                    bed.pass(Duration.ofSeconds(6));
                    assertThat(a.cancelled).isEqualTo(1);
                    assertThat(a.isDisposed()).isTrue();
                    assertThat(bed.socket("b2").received).containsExactly("from 1");
                    assertThat(bed.socket("b2").asked).containsExactly(2L);
                    bed.socket("b2").emit(0, "1");
                    bed.socket("b2").emit(0, "2");
                })
                .expectNext("1", "2")
                .then(() -> bed.socket("b2").streams.get(0).tryEmitComplete())
                .expectComplete()
                .verify(Duration.ofSeconds(10));
    }

    /** Continues after the number it saw last. */
    static final class PoolBedResumer implements StreamResumer {
        private int next;

        @Override
        public void delivered(Payload payload) {
            next = Integer.parseInt(payload.getDataUtf8()) + 1;
        }

        @Override
        public Payload resume() {
            return DefaultPayload.create("from " + next);
        }
    }

    @Test
    void fewer_connections_than_pods_and_one_leaves_its_replacement_is_there_before_it_is_left() {
        PoolBed bed = new PoolBed(settings -> settings, all(LongStreamPolicy.stick()), 1, 1);
        bed.publish(pod("a1"), pod("b2"));
        bed.pass(Duration.ofSeconds(1));
        String used = bed.isConnected("a1") ? "a1" : "b2";
        String other = used.equals("a1") ? "b2" : "a1";
        FakeRSocket first = bed.socket(used);
        TestPublisher<Object> nothing = TestPublisher.create();
        bed.ask("x").subscribe(nothing::next);

        bed.publish(leaving(used), pod(other));
        assertThat(bed.isConnected(other)).isTrue();
        assertThat(first.isDisposed()).isFalse();
        bed.ask("y").subscribe();
        assertThat(bed.socket(other).received).containsExactly("y");
        assertThat(bed.events(EvenkeelEvent.DrainEnded.class)).isEmpty();
        first.answer(0, "done");
        bed.pass(Duration.ZERO);
        assertThat(first.isDisposed()).isTrue();
        assertThat(bed.events(EvenkeelEvent.DrainEnded.class)).hasSize(1);
        bed.pass(Duration.ofMinutes(1));
        assertThat(bed.connected()).isEqualTo(1);
    }
}
