package io.evenkeel.rsocket;

import static io.evenkeel.rsocket.PoolBed.pod;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.endpoint.Endpoint;
import io.rsocket.util.DefaultPayload;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Servers that say how many requests they take. No request may be left to a connection that has no permit for it. */
class LeaseTest {

    private static final Duration LONG = Duration.ofMinutes(10);

    private final PoolBed bed = new PoolBed();

    private void pods(String... names) {
        bed.leased.addAll(List.of(names));
        bed.publish(Arrays.stream(names).map(PoolBed::pod).toArray(Endpoint[]::new));
        bed.pass(Duration.ofSeconds(1));
    }

    @Test
    void a_request_that_finds_no_lease_waits_for_whichever_pod_grants_one() {
        pods("a1");
        bed.ask("x").subscribe();
        assertThat(bed.socket("a1").received)
                .as("not left to the only Pod there is")
                .isEmpty();
        assertThat(bed.router.waiting()).isEqualTo(1);

        pods("a1", "b2");
        bed.grant("b2", 1, LONG);
        assertThat(bed.socket("b2").received).containsExactly("x");
        assertThat(bed.router.waiting()).isZero();
    }

    @Test
    void a_pod_gets_what_its_lease_grants_and_not_one_more() {
        pods("a1", "b2");
        bed.grant("a1", 2, LONG);
        bed.grant("b2", 1, LONG);
        for (int i = 0; i < 5; i++) {
            bed.ask("x" + i).subscribe();
        }
        assertThat(bed.socket("a1").received).hasSize(2);
        assertThat(bed.socket("b2").received).hasSize(1);
        assertThat(bed.router.waiting()).isEqualTo(2);
        bed.grant("b2", 5, LONG);
        assertThat(bed.socket("b2").received).hasSize(3).endsWith("x3", "x4");
    }

    @Test
    void a_lease_ends_here_before_it_ends_there() {
        pods("a1");
        bed.grant("a1", 100, Duration.ofMillis(40));
        bed.pass(Duration.ofMillis(40).minus(LeasePermits.LEAST_MARGIN).minusNanos(1));
        bed.ask("in time").subscribe();
        bed.pass(Duration.ofNanos(1));
        bed.ask("late").subscribe();
        assertThat(bed.socket("a1").received).containsExactly("in time");
        bed.grant("a1", 100, Duration.ofSeconds(10));
        assertThat(bed.socket("a1").received).containsExactly("in time", "late");
        bed.pass(Duration.ofSeconds(10).minus(LeasePermits.MOST_MARGIN));
        bed.ask("later").subscribe();
        assertThat(bed.socket("a1").received).hasSize(2);
    }

    @Test
    void nobody_grants_anything_and_the_request_is_told_in_time() {
        pods("a1");
        List<Throwable> errors = new ArrayList<>();
        bed.ask("x").subscribe(answer -> {}, errors::add);
        bed.pass(PoolBed.ACQUIRE);
        assertThat(errors).singleElement().isInstanceOf(NoEndpointException.class);
    }

    @Test
    void a_metadata_push_needs_no_lease() {
        pods("a1");
        new PodsRSocket(bed.router, null, () -> 1)
                .metadataPush(DefaultPayload.create("", "m"))
                .subscribe();
        assertThat(bed.router.waiting()).isZero();
    }

    @Test
    void availability_is_that_of_connections_which_requests_are_routed_to() {
        pods("a1");
        assertThat(bed.router.availability()).isZero();
        bed.grant("a1", 1, LONG);
        assertThat(bed.router.availability()).isEqualTo(1);
        bed.publish(PoolBed.leaving("a1"), pod("b2"));
        assertThat(bed.router.availability())
                .as("one that drains takes no request")
                .isEqualTo(bed.isConnected("b2") ? 1 : 0);
    }

    @Test
    void of_many_that_see_the_last_permit_one_gets_it() throws Exception {
        int threads = 8;
        ExecutorService executor = Executors.newFixedThreadPool(threads);
        try {
            for (int round = 0; round < 500; round++) {
                LeasePermits allowance = LeasePermits.of(3, LONG, 0);
                CountDownLatch begin = new CountDownLatch(threads);
                CountDownLatch done = new CountDownLatch(threads);
                AtomicInteger taken = new AtomicInteger();
                for (int i = 0; i < threads; i++) {
                    executor.execute(() -> {
                        begin.countDown();
                        while (begin.getCount() > 0) {
                            Thread.onSpinWait();
                        }
                        if (allowance.take(0)) {
                            taken.incrementAndGet();
                        }
                        done.countDown();
                    });
                }
                assertThat(done.await(30, TimeUnit.SECONDS)).isTrue();
                assertThat(taken).hasValue(3);
            }
        } finally {
            executor.shutdownNow();
        }
    }
}
