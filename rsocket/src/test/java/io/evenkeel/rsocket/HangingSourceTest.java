package io.evenkeel.rsocket;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.source.HangingSourceProvider;
import io.rsocket.util.DefaultPayload;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A source whose calls never return holds up neither build nor close, and no other client. */
@Timeout(60)
class HangingSourceTest {

    @AfterEach
    void letGo() {
        HangingSourceProvider.letGo();
    }

    private static EvenkeelRSocketClient client(String target) {
        return EvenkeelRSocketClient.builder()
                .target(target)
                .clientId("test")
                .jmx(false)
                .closeTimeout(Duration.ofSeconds(2))
                .build();
    }

    private static void use(EvenkeelRSocketClient client) {
        assertThat(client.rsocket()
                        .requestResponse(DefaultPayload.create("?"))
                        .map(answer -> answer.getDataUtf8())
                        .block(Duration.ofSeconds(20)))
                .isNotNull();
    }

    @Test
    void a_source_that_never_returns_holds_up_neither_build_nor_close_nor_another_client() {
        try (TestServer server = TestServer.start("a");
                EvenkeelRSocketClient hung = client("hanging:///" + server.address());
                EvenkeelRSocketClient works = client(TestServer.target(server))) {
            use(hung);
            use(works);
            hung.close();
            try (EvenkeelRSocketClient later = client("static:///localhost:" + server.port())) {
                use(later);
            }
            use(works);
        }
        assertThat(HangingSourceProvider.hanging()).as("calls that hang").isPositive();
    }
}
