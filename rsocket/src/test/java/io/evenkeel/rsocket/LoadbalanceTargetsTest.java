package io.evenkeel.rsocket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.endpoint.InvalidTargetException;
import io.evenkeel.watch.WatcherConfig;
import io.rsocket.Payload;
import io.rsocket.loadbalance.LoadbalanceRSocketClient;
import io.rsocket.loadbalance.LoadbalanceTarget;
import io.rsocket.loadbalance.RoundRobinLoadbalanceStrategy;
import io.rsocket.util.DefaultPayload;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

class LoadbalanceTargetsTest {

    private static final Duration LONG = Duration.ofSeconds(20);

    @TempDir
    Path directory;

    private void write(Path file, String... names) {
        StringBuilder json = new StringBuilder("{\"endpoints\": [");
        for (int i = 0; i < names.length; i++) {
            json.append(i > 0 ? "," : "")
                    .append("{\"id\": \"")
                    .append(names[i])
                    .append("\", \"host\": \"127.0.0.1\", \"port\": ")
                    .append(7001 + i)
                    .append('}');
        }
        try {
            Path next = Files.writeString(directory.resolve("next.json"), json.append("]}"));
            Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void the_list_follows_the_pods() {
        Path file = directory.resolve("pods.json");
        write(file, "a");
        WatcherConfig atOnce = WatcherConfig.builder()
                .settle(Duration.ZERO)
                .settleMax(Duration.ZERO)
                .build();
        StepVerifier.create(LoadbalanceTargets.of("file://" + file, PodTransport.tcp(), atOnce)
                        .filter(list -> !list.isEmpty())
                        .map(list ->
                                list.stream().map(LoadbalanceTarget::getKey).toList()))
                .expectNext(List.of("a@127.0.0.1:7001"))
                .then(() -> write(file, "a", "b"))
                .expectNext(List.of("a@127.0.0.1:7001", "b@127.0.0.1:7002"))
                .thenCancel()
                .verify(LONG);
    }

    @Test
    void rsocket_javas_own_balancer_takes_it() {
        try (TestServer server = TestServer.start("a")) {
            LoadbalanceRSocketClient client = LoadbalanceRSocketClient.builder(
                            LoadbalanceTargets.of(TestServer.target(server)))
                    .loadbalanceStrategy(new RoundRobinLoadbalanceStrategy())
                    .build();
            StepVerifier.create(client.requestResponse(Mono.just(DefaultPayload.create("x")))
                            .map(Payload::getDataUtf8))
                    .expectNext("a:x")
                    .expectComplete()
                    .verify(LONG);
            client.dispose();
        }
    }

    @Test
    void what_is_not_a_target_is_refused() {
        assertThatThrownBy(() -> LoadbalanceTargets.of("orders:7000"))
                .isInstanceOf(InvalidTargetException.class)
                .hasMessageContaining("orders:7000");
        assertThat(LoadbalanceTargets.of("static:///127.0.0.1:7001")).isNotNull();
    }
}
