package io.evenkeel.rsocket;

import static io.evenkeel.rsocket.PoolBed.pod;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.rsocket.Payload;
import io.rsocket.util.ByteBufPayload;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.reactivestreams.Publisher;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.publisher.TestPublisher;
import reactor.test.util.RaceTestUtils;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/** What {@code RSocketClient} promises of the payloads that its caller's publishers make: asked for on demand, never lost. */
class LazyPayloadTest {

    /** The interactions that take a Mono of a payload; a stream also with a policy, which takes another way. */
    enum Kind {
        FIRE_AND_FORGET,
        REQUEST_RESPONSE,
        REQUEST_STREAM,
        REQUEST_STREAM_WITH_A_POLICY,
        METADATA_PUSH;

        PoolBed bed() {
            PoolBed bed = new PoolBed(new StreamPolicies(
                    this == REQUEST_STREAM_WITH_A_POLICY ? LongStreamPolicy.deadline() : LongStreamPolicy.stick(),
                    Map.of(),
                    payload -> null));
            bed.publish(pod("a1"));
            bed.pass(Duration.ofSeconds(1));
            return bed;
        }

        Publisher<?> on(PoolBed bed, Mono<Payload> payload) {
            return switch (this) {
                case FIRE_AND_FORGET -> LazyRequest.mono(bed.router, Interaction.FIRE_AND_FORGET, payload);
                case REQUEST_RESPONSE -> LazyRequest.mono(bed.router, Interaction.REQUEST_RESPONSE, payload);
                case METADATA_PUSH -> LazyRequest.mono(bed.router, Interaction.METADATA_PUSH, payload);
                default -> LazyRequest.stream(bed.router, payload);
            };
        }
    }

    private static final class Asking extends BaseSubscriber<Object> {
        private final Context context;

        Asking(Context context) {
            this.context = context;
        }

        @Override
        public Context currentContext() {
            return context;
        }

        @Override
        protected void hookOnSubscribe(org.reactivestreams.Subscription subscription) {
            // The test asks.
        }
    }

    private static Payload payload(List<ByteBuf> made) {
        ByteBuf buffer = UnpooledByteBufAllocator.DEFAULT.buffer(8).writeZero(8);
        made.add(buffer);
        return ByteBufPayload.create(buffer);
    }

    @ParameterizedTest
    @EnumSource
    void the_payload_is_asked_for_when_the_result_is_and_once(Kind kind) {
        PoolBed bed = kind.bed();
        TestPublisher<Payload> source = TestPublisher.create();
        Asking asking = new Asking(Context.empty());
        kind.on(bed, Mono.fromDirect(source)).subscribe(asking);
        source.assertWasNotRequested();
        asking.request(1);
        source.assertMinRequested(1);
        source.assertMaxRequested(1);
        asking.request(1);
        source.assertMaxRequested(1);
        List<ByteBuf> made = new ArrayList<>();
        source.next(payload(made)).complete();
        asking.cancel();
        assertThat(made).allMatch(buffer -> buffer.refCnt() == 0);
    }

    @ParameterizedTest
    @EnumSource
    void a_payload_that_is_there_is_not_made_before_the_result_is_asked_for(Kind kind) {
        PoolBed bed = kind.bed();
        List<ByteBuf> made = new ArrayList<>();
        Asking asking = new Asking(Context.empty());
        kind.on(bed, Mono.fromSupplier(() -> payload(made))).subscribe(asking);
        assertThat(made).isEmpty();
        asking.request(1);
        assertThat(made).hasSize(1);
        asking.cancel();
        assertThat(made).allMatch(buffer -> buffer.refCnt() == 0);
    }

    @ParameterizedTest
    @EnumSource
    void the_payload_sees_the_context_with_a_hook_that_releases_what_is_discarded(Kind kind) {
        PoolBed bed = kind.bed();
        List<ByteBuf> made = new ArrayList<>();
        AtomicReference<ContextView> seen = new AtomicReference<>();
        Mono<Payload> discarding = Mono.deferContextual(context -> {
            seen.set(context);
            return Flux.just(1, 2, 3)
                    .map(i -> payload(made))
                    .filter(payload -> false)
                    .next();
        });
        Asking asking = new Asking(Context.of("user", "ann"));
        kind.on(bed, discarding).subscribe(asking);
        asking.request(1);
        assertThat(seen.get().<String>get("user")).isEqualTo("ann");
        assertThat(made).hasSize(3).allMatch(buffer -> buffer.refCnt() == 0);
        assertThat(asking.isDisposed()).as("completed empty").isTrue();
    }

    @ParameterizedTest
    @EnumSource
    void a_payload_that_crosses_a_cancel_is_released_once(Kind kind) {
        PoolBed bed = kind.bed();
        List<ByteBuf> made = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            TestPublisher<Payload> source =
                    TestPublisher.createNoncompliant(TestPublisher.Violation.DEFER_CANCELLATION);
            Asking asking = new Asking(Context.empty());
            kind.on(bed, Mono.fromDirect(source)).subscribe(asking);
            asking.request(1);
            Payload payload = payload(made);
            RaceTestUtils.race(Schedulers.boundedElastic(), () -> source.next(payload), asking::cancel);
        }
        assertThat(made).hasSize(1_000).allMatch(buffer -> buffer.refCnt() == 0);
    }
}
