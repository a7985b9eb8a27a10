package io.evenkeel.it.rsocket;

import static io.evenkeel.it.rsocket.ClientBed.PATIENCE;
import static io.evenkeel.it.rsocket.ClientBed.awaitTrue;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.demo.rsocket.Behaviour;
import io.evenkeel.demo.rsocket.ServerOptions;
import io.evenkeel.rsocket.EvenkeelRSocketClient;
import io.evenkeel.rsocket.PodTransport;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.ChannelOption;
import io.netty.util.ResourceLeakDetector;
import io.rsocket.Payload;
import io.rsocket.RSocket;
import io.rsocket.core.RSocketConnector;
import io.rsocket.frame.decoder.PayloadDecoder;
import io.rsocket.util.ByteBufPayload;
import io.rsocket.util.DefaultPayload;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Payloads of every size, and who releases them. The client's connections allocate from an allocator of the test's own,
 * whose count of bytes in use is exact; besides, Netty looks for leaks as closely as it can.
 */
class PayloadsIT {
    private static final int MTU = 64 * 1024;
    private static final int HUGE = 20 * 1024 * 1024;

    private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true);
    private final List<String> leaks = new CopyOnWriteArrayList<>();
    private final ResourceLeakDetector.Level level = ResourceLeakDetector.getLevel();

    @BeforeEach
    void watchLeaks() {
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
        ByteBufUtil.setLeakListener((type, records) -> leaks.add(type + " " + records));
    }

    @AfterEach
    void noLeaks() {
        ResourceLeakDetector.setLevel(level);
        assertThat(leaks).isEmpty();
    }

    private EvenkeelRSocketClient zeroCopyClient(ClientBed bed) {
        RSocketConnector connector = RSocketConnector.create()
                .payloadDecoder(PayloadDecoder.ZERO_COPY)
                .fragment(MTU);
        return bed.client(
                connector,
                builder -> builder.transport(
                        PodTransport.tcp(client -> client.option(ChannelOption.ALLOCATOR, allocator))));
    }

    private void awaitNothingInUse() {
        awaitTrue(() ->
                allocator.metric().usedDirectMemory() == 0 && allocator.metric().usedHeapMemory() == 0);
    }

    @Test
    void huge_and_empty_payloads_come_back_unchanged_in_fragments() throws Exception {
        long seed = 20261124;
        byte[] huge = new byte[HUGE];
        new Random(seed).nextBytes(huge);
        try (ClientBed bed =
                ClientBed.start(2, Behaviour.immediate(), ServerOptions.plain().withMtu(MTU))) {
            EvenkeelRSocketClient client = zeroCopyClient(bed);
            RSocket rsocket = client.rsocket();
            for (byte[] data : List.of(huge, new byte[0], new byte[1], new byte[MTU], huge)) {
                Payload answer =
                        rsocket.requestResponse(ByteBufPayload.create(data)).block(PATIENCE);
                byte[] back = ByteBufUtil.getBytes(answer.sliceData());
                answer.release();
                assertThat(back).as("%d bytes, seed %d", data.length, seed).isEqualTo(data);
            }
            client.close();
            awaitNothingInUse();
        }
    }

    @Test
    void every_interaction_releases_what_it_was_given_once() throws Exception {
        try (ClientBed bed = ClientBed.start(2, Behaviour.immediate())) {
            EvenkeelRSocketClient client = zeroCopyClient(bed);
            RSocket rsocket = client.rsocket();
            for (int i = 0; i < 200; i++) {
                Payload request = payload("request " + i);
                rsocket.requestResponse(request).doOnNext(Payload::release).block(PATIENCE);
                assertThat(request.refCnt()).as("request %d", i).isZero();
            }
            Payload stream = payload("50@0");
            assertThat(rsocket.requestStream(stream)
                            .doOnNext(Payload::release)
                            .count()
                            .block(PATIENCE))
                    .isEqualTo(50);
            assertThat(stream.refCnt()).isZero();
            assertThat(rsocket.requestChannel(Flux.range(0, 50).map(i -> payload("element " + i)))
                            .doOnNext(Payload::release)
                            .count()
                            .block(PATIENCE))
                    .isEqualTo(50);
            Payload forgotten = payload("forgotten");
            rsocket.fireAndForget(forgotten).block(PATIENCE);
            awaitTrue(() -> forgotten.refCnt() == 0);
            client.close();
            awaitNothingInUse();
        }
    }

    @Test
    void requests_that_are_cancelled_fail_or_are_refused_release_theirs_too() throws Exception {
        try (ClientBed bed = ClientBed.start(1, Behaviour.immediate().withAnswer(Behaviour.Answer.NEVER))) {
            EvenkeelRSocketClient client = zeroCopyClient(bed);
            RSocket rsocket = client.rsocket();
            Payload cancelled = payload("cancelled");
            Disposable subscription = rsocket.requestResponse(cancelled).subscribe();
            awaitTrue(() -> bed.pod(0).counts().inFlight() == 1);
            subscription.dispose();
            awaitTrue(() -> cancelled.refCnt() == 0 && bed.pod(0).counts().cancelled() == 1);

            bed.pod(0).behave(Behaviour.immediate().withAnswer(Behaviour.Answer.FAIL_FAST));
            Payload failed = payload("failed");
            rsocket.requestResponse(failed).onErrorComplete().block(PATIENCE);
            assertThat(failed.refCnt()).isZero();

            client.close();
            Payload refused = payload("refused");
            rsocket.requestResponse(refused).onErrorComplete().block(PATIENCE);
            assertThat(refused.refCnt()).isZero();
            awaitNothingInUse();
        }
    }

    @Test
    void a_request_that_waits_for_a_pod_and_gives_up_releases_its_payload() throws Exception {
        try (ClientBed bed = ClientBed.start(0, Behaviour.immediate())) {
            EvenkeelRSocketClient client =
                    bed.client(RSocketConnector.create(), builder -> builder.acquireTimeout(Duration.ofMillis(200)));
            Payload timedOut = payload("timed out");
            client.rsocket().requestResponse(timedOut).onErrorComplete().block(PATIENCE);
            assertThat(timedOut.refCnt()).isZero();
            Payload cancelled = payload("cancelled");
            client.rsocket().requestStream(cancelled).subscribe().dispose();
            assertThat(cancelled.refCnt()).isZero();
        }
    }

    @Test
    void a_client_is_asked_with_a_payload_that_is_made_per_subscription() throws Exception {
        try (ClientBed bed = ClientBed.start(1, Behaviour.immediate())) {
            EvenkeelRSocketClient client = bed.client();
            Mono<Payload> request = client.requestResponse(
                    Mono.deferContextual(context -> Mono.just(DefaultPayload.create(context.<String>get("who")))));
            for (String who : List.of("a", "b")) {
                assertThat(request.contextWrite(context -> context.put("who", who))
                                .block(PATIENCE)
                                .getDataUtf8())
                        .isEqualTo(who);
            }
            assertThat(bed.pod(0).counts().received()).isEqualTo(2);
        }
    }

    private Payload payload(String data) {
        return ByteBufPayload.create(ByteBufUtil.writeUtf8(allocator, data));
    }
}
