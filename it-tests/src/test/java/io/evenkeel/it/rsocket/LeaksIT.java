package io.evenkeel.it.rsocket;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.demo.rsocket.Behaviour;
import io.evenkeel.demo.rsocket.Contender;
import io.evenkeel.demo.rsocket.Scenario;
import io.evenkeel.rsocket.EvenkeelRSocketClient;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.util.ResourceLeakDetector;
import io.rsocket.Payload;
import io.rsocket.core.RSocketConnector;
import io.rsocket.frame.decoder.PayloadDecoder;
import io.rsocket.util.ByteBufPayload;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Netty's leak detector at its closest over every scenario of the demonstration, and over payloads that operators
 * discard: none may be lost. The scenarios take two minutes, and at this level every buffer costs many times its price,
 * so this runs only with {@code -Devenkeel.it.leaks=true}, and the figures don't count.
 */
class LeaksIT {
    private static final int TRACKED = 20;

    private static final List<String> LEAKS = new CopyOnWriteArrayList<>();
    private static final ResourceLeakDetector.Level LEVEL = ResourceLeakDetector.getLevel();

    /** Once, since Netty reports what was lost at one place once. */
    @BeforeAll
    static void watchLeaks() {
        boolean asked = Boolean.getBoolean("evenkeel.it.leaks");
        String reason = "evenkeel.it.leaks: not true (expected: true, to look for leaks in every scenario)";
        if (!asked) {
            System.out.println("skipped: " + reason);
        }
        Assumptions.assumeTrue(asked, reason);
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
        ByteBufUtil.setLeakListener((type, records) -> LEAKS.add(type + " " + records));
        lose();
        assertThat(found()).as("a leak is seen").isNotEmpty();
        LEAKS.clear();
    }

    @AfterAll
    static void restoreLevel() {
        ResourceLeakDetector.setLevel(LEVEL);
    }

    private static void lose() {
        for (int i = 0; i < TRACKED; i++) {
            ByteBufAllocator.DEFAULT.buffer(16).writeByte(1);
        }
    }

    /** What was dropped without being released, as far as the collector has found it. */
    private static List<String> found() {
        for (int i = 0; i < 5; i++) {
            System.gc();
            System.runFinalization();
            // Reported at the next allocation.
            for (int j = 0; j < TRACKED; j++) {
                ByteBufAllocator.DEFAULT.buffer(8).release();
            }
        }
        return List.copyOf(LEAKS);
    }

    @Test
    void no_scenario_loses_a_buffer() throws Exception {
        for (Scenario scenario : Scenario.values()) {
            System.out.println("leaks, " + scenario.title() + ": " + scenario.play(Contender.EVENKEEL));
            List<String> lost = found();
            System.out.println("leaks, " + scenario.title() + ": " + lost.size());
            assertThat(lost).as(scenario.title()).isEmpty();
        }
    }

    @Test
    void payloads_that_an_operator_discards_are_released() throws Exception {
        try (ClientBed bed = ClientBed.start(1, Behaviour.immediate())) {
            EvenkeelRSocketClient client =
                    bed.client(RSocketConnector.create().payloadDecoder(PayloadDecoder.ZERO_COPY), settings -> {});
            Mono<Payload> discarded = Mono.fromSupplier(LeaksIT::payload).filter(payload -> false);
            for (int i = 0; i < 100; i++) {
                client.requestResponse(discarded).block(ClientBed.PATIENCE);
                client.fireAndForget(discarded).block(ClientBed.PATIENCE);
                client.requestStream(discarded).blockLast(ClientBed.PATIENCE);
                client.requestResponse(Flux.range(0, 3).map(n -> payload()).next())
                        .doOnNext(Payload::release)
                        .block(ClientBed.PATIENCE);
            }
        }
        assertThat(found()).isEmpty();
    }

    private static Payload payload() {
        ByteBuf buffer = ByteBufAllocator.DEFAULT.buffer(64).writeZero(64);
        return ByteBufPayload.create(buffer);
    }
}
