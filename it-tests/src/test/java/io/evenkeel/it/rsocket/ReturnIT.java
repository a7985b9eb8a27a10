package io.evenkeel.it.rsocket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.evenkeel.demo.rsocket.Behaviour;
import io.evenkeel.demo.rsocket.Payloads;
import io.evenkeel.it.ReturnTimes;
import io.evenkeel.rsocket.EvenkeelRSocketClient;
import io.rsocket.Payload;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A Pod that was away is used again soon after it is back, by each of twenty clients under load. */
class ReturnIT {

    private static final int TRIALS = 20;
    /** It took 20 to 31 s while only a probe readmitted a Pod. */
    private static final Duration SOON = Duration.ofSeconds(15);

    @ParameterizedTest
    @ValueSource(ints = {2, 20})
    void a_pod_that_was_away_is_used_within_seconds(int seconds) throws Exception {
        ScheduledExecutorService load = new ScheduledThreadPoolExecutor(1);
        List<ClientBed> beds = new ArrayList<>();
        try {
            for (int i = 0; i < TRIALS; i++) {
                ClientBed bed = ClientBed.start(2, Behaviour.immediate());
                beds.add(bed);
                EvenkeelRSocketClient client = bed.client();
                load.scheduleAtFixedRate(() -> ask(client), 0, 20, TimeUnit.MILLISECONDS);
            }
            beds.forEach(bed -> bed.pod(0).kill());
            await().pollDelay(Duration.ofSeconds(seconds))
                    .atMost(Duration.ofSeconds(seconds + 30L))
                    .until(() -> true);
            List<Double> took = new ArrayList<>();
            List<Long> before =
                    beds.stream().map(bed -> bed.pod(0).counts().received()).toList();
            beds.forEach(bed -> bed.pod(0).start());
            long back = System.nanoTime();
            List<ClientBed> waiting = new ArrayList<>(beds);
            await().atMost(SOON).pollInterval(Duration.ofMillis(20)).until(() -> {
                waiting.removeIf(bed -> {
                    boolean used = bed.pod(0).counts().received() > before.get(beds.indexOf(bed));
                    if (used) {
                        took.add((System.nanoTime() - back) / 1e9);
                    }
                    return used;
                });
                return waiting.isEmpty();
            });
            assertThat(took).hasSize(TRIALS);
            ReturnTimes.print("away for " + seconds + " s: used again", took);
        } finally {
            load.shutdownNow();
            for (ClientBed bed : beds) {
                bed.close();
            }
        }
    }

    private static void ask(EvenkeelRSocketClient client) {
        client.rsocket().requestResponse(Payloads.text("x")).subscribe(Payload::release, failure -> {});
    }
}
