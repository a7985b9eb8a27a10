package app;

import io.evenkeel.rsocket.EvenkeelRSocketClient;
import io.rsocket.util.DefaultPayload;

public final class App {
    public static void main(String[] arguments) throws Exception {
        try (EvenkeelRSocketClient client = EvenkeelRSocketClient.builder()
                .target(System.getProperty("rsocket.target"))
                .build()) {
            Cell.run(client::status, () -> client.rsocket()
                    .requestResponse(DefaultPayload.create("hello"))
                    .doOnNext(io.rsocket.Payload::release)
                    .block());
        }
        System.out.println("CLOSED");
    }
}
