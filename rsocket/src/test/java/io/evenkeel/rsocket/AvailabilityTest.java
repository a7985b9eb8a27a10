package io.evenkeel.rsocket;

import static io.evenkeel.rsocket.PoolBed.pod;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.event.EvenkeelEvent;
import io.netty.buffer.ByteBufAllocator;
import io.rsocket.Payload;
import io.rsocket.util.ByteBufPayload;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;

/** Losing connections, waiting for them, and what becomes of the payloads. */
class AvailabilityTest {

    private static Payload counted(String text) {
        return ByteBufPayload.create(
                ByteBufAllocator.DEFAULT.buffer().writeBytes(text.getBytes(java.nio.charset.StandardCharsets.UTF_8)));
    }

    @Test
    void a_lost_connection_fails_what_was_in_flight_and_is_dialled_again_without_a_change_of_the_list() {
        PoolBed bed = new PoolBed();
        bed.publish(pod("a1"));
        List<Throwable> errors = new ArrayList<>();
        bed.ask("x").subscribe(answer -> {}, errors::add);
        bed.socket("a1").lose();
        assertThat(errors)
                .singleElement()
                .satisfies(e -> assertThat(e)
                        .isInstanceOf(ConnectionLostException.class)
                        .hasMessageContaining(
                                "the connection to a1@10.0.0.1:7000 was lost with this request in flight"));

        List<String> answers = new ArrayList<>();
        bed.ask("y").subscribe(answers::add);
        bed.pass(Duration.ofMillis(200));
        assertThat(bed.sockets).hasSize(2);
        assertThat(bed.socket("a1").received).as("it waited and was sent").containsExactly("y");
        bed.socket("a1").answer(0, "ok");
        assertThat(answers).containsExactly("ok");
    }

    @Test
    void a_connection_that_has_ended_and_does_not_say_so_is_dialled_again_once_it_is_looked_at() {
        PoolBed bed = new PoolBed();
        bed.publish(pod("a1"));
        bed.socket("a1").loseSilently();
        List<String> answers = new ArrayList<>();
        bed.ask("x").subscribe(answers::add);
        bed.pass(Duration.ofSeconds(2));
        assertThat(bed.sockets).hasSize(2);
        bed.socket("a1").answer(0, "ok");
        assertThat(answers).containsExactly("ok");
    }

    @Test
    void a_pod_that_is_down_is_dialled_later_and_later_and_ejected() {
        PoolBed bed = new PoolBed();
        bed.publish(pod("a1"), pod("b2"), pod("c3"));
        bed.pass(Duration.ofSeconds(1));
        bed.down.add("a1");
        bed.socket("a1").lose();
        bed.pass(Duration.ofSeconds(6));
        assertThat(bed.events(EvenkeelEvent.EndpointEjected.class)).hasSize(1);
        int failed = bed.events(EvenkeelEvent.ConnectionFailed.class).size();
        assertThat(failed).isBetween(5, 10);

        bed.down.clear();
        bed.pass(Duration.ofSeconds(60));
        assertThat(bed.events(EvenkeelEvent.EndpointReturned.class)).hasSize(1);
        assertThat(bed.connected()).isEqualTo(3);
    }

    @Test
    void without_endpoints_requests_wait_for_a_limited_time_and_no_more_than_allowed() {
        PoolBed bed = new PoolBed();
        List<Throwable> errors = new ArrayList<>();
        List<Payload> payloads = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            Payload payload = counted("x" + i);
            payloads.add(payload);
            bed.requestResponse(payload).subscribe(answer -> {}, errors::add);
        }
        assertThat(errors).singleElement().satisfies(e -> {
            assertThat(e).isInstanceOf(NoEndpointException.class);
            assertThat(((NoEndpointException) e).reason()).isEqualTo(NoEndpointException.Reason.TOO_MANY_WAITING);
        });
        assertThat(bed.router.waiting()).isEqualTo(3);
        bed.pass(PoolBed.ACQUIRE.minusMillis(1));
        assertThat(errors).hasSize(1);
        bed.pass(Duration.ofMillis(1));
        assertThat(errors).hasSize(4).allMatch(e -> ((EvenkeelRSocketException) e).neverSent());
        assertThat(payloads).allMatch(payload -> payload.refCnt() == 0);
        assertThat(bed.router.waiting()).isZero();
    }

    @Test
    void the_status_counts_requests_that_wait_that_were_sent_and_that_waited_in_vain() {
        PoolBed bed = new PoolBed();
        bed.ask("1").subscribe(answer -> {}, error -> {});
        bed.pass(PoolBed.ACQUIRE);
        bed.ask("2").subscribe();
        bed.ask("3").subscribe();
        assertThat(bed.rebalancer.status()).satisfies(status -> {
            assertThat(status.waiting()).isEqualTo(2);
            assertThat(status.acquired()).isZero();
            assertThat(status.timedOut()).isEqualTo(1);
        });
        bed.publish(pod("a1"));
        bed.ask("4").subscribe().dispose();
        assertThat(bed.rebalancer.status()).satisfies(status -> {
            assertThat(status.waiting()).isZero();
            assertThat(status.acquired()).isEqualTo(3);
            assertThat(status.timedOut()).isEqualTo(1);
            assertThat(status.inUse()).as("one connection carries them all").isEqualTo(1);
        });
    }

    @Test
    void those_that_wait_are_served_in_order_when_a_pod_comes() {
        PoolBed bed = new PoolBed();
        bed.ask("1").subscribe();
        bed.ask("2").subscribe();
        bed.pass(Duration.ofSeconds(5));
        bed.publish(pod("a1"));
        assertThat(bed.socket("a1").received).containsExactly("1", "2");
        assertThat(bed.router.waiting()).isZero();
        bed.pass(Duration.ofMinutes(1));
        assertThat(bed.socket("a1").cancelled).isZero();
    }

    @Test
    void a_request_cancelled_while_it_waits_releases_its_payload_and_is_never_sent() {
        PoolBed bed = new PoolBed();
        Payload payload = counted("x");
        Disposable waiting = bed.requestResponse(payload).subscribe();
        waiting.dispose();
        assertThat(payload.refCnt()).isZero();
        assertThat(bed.router.waiting()).isZero();
        bed.publish(pod("a1"));
        assertThat(bed.socket("a1").received).isEmpty();
        assertThat(bed.connection(bed.socket("a1")).inFlight()).isZero();
    }

    @Test
    void a_cancelled_request_is_counted_out_once() {
        PoolBed bed = new PoolBed();
        bed.publish(pod("a1"));
        PodConnection connection = bed.connection(bed.socket("a1"));
        Disposable request = bed.ask("x").subscribe();
        assertThat(connection.inFlight()).isEqualTo(1);
        request.dispose();
        request.dispose();
        assertThat(connection.inFlight()).isZero();
        bed.socket("a1").answer(0, "late");
        assertThat(connection.inFlight()).isZero();
        assertThat(bed.socket("a1").cancelled).isEqualTo(1);
    }

    @Test
    void closing_refuses_whoever_waits() {
        PoolBed bed = new PoolBed();
        List<Throwable> errors = new ArrayList<>();
        Payload payload = counted("x");
        bed.requestResponse(payload).subscribe(answer -> {}, errors::add);
        bed.connections.dispose();
        assertThat(errors).singleElement().isInstanceOf(ClientClosedException.class);
        assertThat(payload.refCnt()).isZero();
    }
}
