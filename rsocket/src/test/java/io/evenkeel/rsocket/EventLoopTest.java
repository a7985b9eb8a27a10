package io.evenkeel.rsocket;

import static org.assertj.core.api.Assertions.assertThat;

import io.rsocket.Payload;
import io.rsocket.util.DefaultPayload;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import reactor.blockhound.BlockHound;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** Nothing blocks on an event loop or another thread that must not. */
class EventLoopTest {

    private static final Duration LONG = Duration.ofSeconds(60);
    private static final List<String> BLOCKED = new CopyOnWriteArrayList<>();

    @BeforeAll
    static void watch() {
        BlockHound.builder()
                .loadIntegrations()
                .blockingMethodCallback(method -> {
                    StringBuilder stack = new StringBuilder(method.toString());
                    for (StackTraceElement element : Thread.currentThread().getStackTrace()) {
                        // This callback is on the stack of everything, such as of a worker that waits for work.
                        if (!element.getMethodName().startsWith("lambda$watch")) {
                            stack.append("\n  ").append(element);
                        }
                    }
                    if (stack.indexOf("io.evenkeel.rsocket") >= 0) {
                        BLOCKED.add(stack.toString());
                    }
                })
                // What JDK, logging and tests do by themselves.
                .allowBlockingCallsInside("java.util.concurrent.ScheduledThreadPoolExecutor$DelayedWorkQueue", "offer")
                .allowBlockingCallsInside("java.util.concurrent.ScheduledThreadPoolExecutor$DelayedWorkQueue", "remove")
                .allowBlockingCallsInside("java.util.concurrent.ThreadPoolExecutor", "addWorker")
                .allowBlockingCallsInside("org.slf4j.simple.SimpleLogger", "write")
                .install();
    }

    /** What must not be done there: in an unlocked wait of the JDK's. */
    private static void block() {
        try {
            Thread.sleep(1);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void requests_drains_and_a_close_on_an_event_loop_block_nobody() {
        Mono.fromRunnable(EventLoopTest::block)
                .subscribeOn(Schedulers.parallel())
                .block(LONG);
        assertThat(BLOCKED).as("blocking is seen").isNotEmpty();
        BLOCKED.clear();

        try (TestServer a = TestServer.start("a");
                TestServer b = TestServer.start("b")) {
            EvenkeelRSocketClient client = EvenkeelRSocketClient.builder()
                    .target(TestServer.target(a, b))
                    .clientId("test")
                    .jmx(false)
                    .maxConnectionAge(Duration.ofMillis(200))
                    .build();
            Flux.range(0, 400)
                    .flatMap(
                            i -> client.rsocket()
                                    .requestResponse(DefaultPayload.create("x"))
                                    .doOnNext(Payload::release)
                                    // From an event loop to the next request.
                                    .flatMap(answer -> client.rsocket()
                                            .requestStream(DefaultPayload.create("2"))
                                            .then(Mono.just(1)))
                                    .onErrorResume(ConnectionLostException.class, e -> Mono.empty()),
                            16)
                    .blockLast(LONG);
            client.rsocket()
                    .requestResponse(DefaultPayload.create("x"))
                    .doOnNext(answer -> client.close())
                    .block(LONG);
            client.onClose().block(LONG);
        }
        assertThat(BLOCKED).isEmpty();
    }
}
