package io.evenkeel.rsocket;

import io.github.resilience4j.reactor.retry.RetryOperator;
import io.github.resilience4j.retry.Retry;
import io.github.resilience4j.retry.RetryConfig;
import io.netty.util.ReferenceCountUtil;
import io.rsocket.Payload;
import io.rsocket.RSocket;
import io.rsocket.exceptions.RejectedException;
import io.rsocket.util.ByteBufPayload;
import io.rsocket.util.RSocketProxy;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Sends requests again that may be run twice, by a retry of resilience4j; each attempt chooses its Pod anew. A stream
 * is begun again as long as it has given nothing; where it can go on later, {@link LongStreamPolicy#resubscribe} says
 * how. Needs {@code resilience4j-retry} and {@code resilience4j-reactor} on the class path.
 *
 * <pre>{@code
 * Retry retry = Retry.of("orders", IdempotentRetry.config().maxAttempts(3).build());
 * RSocket orders = IdempotentRetry.over(client.rsocket(), retry,
 *         request -> "orders.get".equals(Routes.inCompositeMetadata(request)));
 * }</pre>
 *
 * <p>Only the application knows which requests those are. Channels and everything else pass through unchanged.
 */
public final class IdempotentRetry {

    private IdempotentRetry() {}

    /**
     * A configuration that retries on lost connections, drain deadlines and missing endpoints, and on what a server
     * rejected, which by the protocol it has not begun; the rest as resilience4j's own. A server rejects, for example,
     * what reaches it after the lease that it was sent under was used up.
     */
    public static RetryConfig.Builder<Payload> config() {
        return RetryConfig.<Payload>custom()
                .retryOnException(error -> error instanceof RejectedException
                        || (error instanceof EvenkeelRSocketException && !(error instanceof ClientClosedException)));
    }

    /**
     * An RSocket that retries.
     *
     * @param idempotent which requests may be sent again; must leave the payload as it is
     */
    public static RSocket over(RSocket rsocket, Retry retry, Predicate<Payload> idempotent) {
        Objects.requireNonNull(retry, "retry");
        Objects.requireNonNull(idempotent, "idempotent");
        return new Retrying(rsocket, retry, idempotent);
    }

    private static final class Retrying extends RSocketProxy {
        private final Retry retry;
        private final Predicate<Payload> idempotent;

        Retrying(RSocket rsocket, Retry retry, Predicate<Payload> idempotent) {
            super(rsocket);
            this.retry = retry;
            this.idempotent = idempotent;
        }

        @Override
        public Mono<Payload> requestResponse(Payload payload) {
            if (!idempotent.test(payload)) {
                return super.requestResponse(payload);
            }
            // The original is held for all attempts, and each sends a view of it that it releases.
            return Mono.usingWhen(
                    Mono.just(payload),
                    original -> Mono.defer(() -> super.requestResponse(view(original)))
                            .transformDeferred(RetryOperator.of(retry)),
                    Retrying::released);
        }

        @Override
        public Flux<Payload> requestStream(Payload payload) {
            if (!idempotent.test(payload)) {
                return super.requestStream(payload);
            }
            return Flux.usingWhen(
                    Mono.just(payload), original -> Flux.defer(() -> begun(original)), Retrying::released);
        }

        /** Until its first element: what has been seen can't be taken back, nor is it known where to go on. */
        private Flux<Payload> begun(Payload original) {
            Retry.AsyncContext<Payload> attempts = retry.asyncContext();
            AtomicBoolean begun = new AtomicBoolean();
            return Flux.defer(() -> super.requestStream(view(original)))
                    .doOnNext(element -> begun.setPlain(true))
                    .retryWhen(reactor.util.retry.Retry.from(
                            failures -> failures.concatMap(failed -> again(attempts, begun.get(), failed.failure()))))
                    .doOnComplete(attempts::onComplete);
        }

        private static Mono<Long> again(Retry.AsyncContext<Payload> attempts, boolean begun, Throwable failure) {
            long millis = begun ? -1 : attempts.onError(failure);
            return millis < 0 ? Mono.error(failure) : Mono.delay(Duration.ofMillis(millis));
        }

        private static Mono<Void> released(Payload original) {
            return Mono.fromRunnable(() -> ReferenceCountUtil.safeRelease(original));
        }

        private static Payload view(Payload original) {
            return ByteBufPayload.create(
                    original.sliceData().retain(),
                    original.hasMetadata() ? original.sliceMetadata().retain() : null);
        }
    }
}
