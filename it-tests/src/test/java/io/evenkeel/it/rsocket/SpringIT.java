package io.evenkeel.it.rsocket;

import static io.evenkeel.it.rsocket.ClientBed.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.demo.rsocket.Behaviour;
import io.evenkeel.demo.rsocket.RSocketPod;
import io.evenkeel.rsocket.EvenkeelRSocketClient;
import io.evenkeel.rsocket.LoadbalanceTargets;
import io.rsocket.loadbalance.RoundRobinLoadbalanceStrategy;
import org.junit.jupiter.api.Test;
import org.springframework.messaging.rsocket.RSocketRequester;
import org.springframework.messaging.rsocket.RSocketStrategies;
import org.springframework.util.MimeTypeUtils;

/** Both ways in which Spring's {@link RSocketRequester} takes us. */
class SpringIT {

    @Test
    void a_requester_that_wraps_our_rsocket_asks_every_pod_and_drains() throws Exception {
        try (ClientBed bed = ClientBed.start(2, Behaviour.immediate())) {
            EvenkeelRSocketClient client = bed.client();
            RSocketRequester requester = RSocketRequester.wrap(
                    client.rsocket(),
                    MimeTypeUtils.TEXT_PLAIN,
                    MimeTypeUtils.parseMimeType("message/x.rsocket.composite-metadata.v0"),
                    RSocketStrategies.create());
            for (int i = 0; i < 100; i++) {
                assertThat(requester
                                .route("orders.find")
                                .data("order " + i)
                                .retrieveMono(String.class)
                                .block(PATIENCE))
                        .isEqualTo("order " + i);
            }
            assertThat(requester
                            .route("orders.all")
                            .data("7@1")
                            .retrieveFlux(String.class)
                            .count()
                            .block(PATIENCE))
                    .isEqualTo(7);
            RSocketPod leaving = bed.pod(0);
            assertThat(leaving.counts().received()).isPositive();
            bed.cluster().terminate(leaving);
            ClientBed.awaitTrue(() -> leaving.connections() == 0);
            assertThat(requester
                            .route("orders.find")
                            .data("after")
                            .retrieveMono(String.class)
                            .block(PATIENCE))
                    .isEqualTo("after");
        }
    }

    @Test
    void a_requester_over_our_publisher_of_targets_follows_the_pods() throws Exception {
        try (ClientBed bed = ClientBed.start(1, Behaviour.immediate())) {
            RSocketRequester requester = RSocketRequester.builder()
                    .dataMimeType(MimeTypeUtils.TEXT_PLAIN)
                    .transports(LoadbalanceTargets.of(bed.cluster().target()), new RoundRobinLoadbalanceStrategy());
            assertThat(requester
                            .route("orders.find")
                            .data("one")
                            .retrieveMono(String.class)
                            .block(PATIENCE))
                    .isEqualTo("one");
            RSocketPod added = bed.cluster().add(Behaviour.immediate());
            ClientBed.awaitTrue(() -> {
                requester
                        .route("orders.find")
                        .data("more")
                        .retrieveMono(String.class)
                        .block(PATIENCE);
                return added.counts().received() > 0;
            });
            requester.rsocketClient().dispose();
        }
    }
}
