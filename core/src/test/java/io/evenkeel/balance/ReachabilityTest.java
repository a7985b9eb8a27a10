package io.evenkeel.balance;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.CapturedLog;
import io.evenkeel.endpoint.Endpoint;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReachabilityTest {

    private final BalanceBed bed = new BalanceBed(4);
    private final List<Endpoint> pods =
            List.of(Endpoint.of("pg-0", "10.0.0.1", 5432), Endpoint.of("pg-1", "10.0.0.2", 5432));

    @Test
    void nothing_reachable_is_one_warning_with_the_reason_and_its_end_is_said_once() {
        try (CapturedLog log = new CapturedLog()) {
            pods.forEach(pod -> bed.connections.unreachable(pod, true));
            bed.publish(pods);
            bed.passSeconds(60);
            assertThat(log.linesWith("no endpoint can be used"))
                    .singleElement()
                    .asString()
                    .contains("WARN")
                    .contains("10.0.0.")
                    .contains("last failure");
            assertThat(log.linesWith("opened again")).isEmpty();

            pods.forEach(pod -> bed.connections.unreachable(pod, false));
            bed.passSeconds(60);
            assertThat(log.linesWith("connections can be opened again"))
                    .singleElement()
                    .asString()
                    .contains("INFO");
        }
    }

    @Test
    void one_reachable_endpoint_is_enough() {
        try (CapturedLog log = new CapturedLog()) {
            bed.connections.unreachable(pods.get(0), true);
            bed.publish(pods);
            bed.passSeconds(60);
            assertThat(log.linesWith("no endpoint can be used")).isEmpty();
        }
    }
}
