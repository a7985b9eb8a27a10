package io.evenkeel.demo.rsocket;

import io.evenkeel.demo.contest.Sender;
import io.rsocket.Payload;
import io.rsocket.core.RSocketClient;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Mono;

/** Request-response through an RSocket client. */
record RequestSender(RSocketClient client) implements Sender {

    @Override
    public Runnable send(Outcome outcome) {
        Request request = new Request(outcome);
        client.requestResponse(Mono.fromSupplier(() -> Payloads.text("x"))).subscribe(request);
        return request::cancel;
    }

    private static final class Request extends BaseSubscriber<Payload> {
        private final Outcome outcome;

        Request(Outcome outcome) {
            this.outcome = outcome;
        }

        @Override
        protected void hookOnSubscribe(Subscription subscription) {
            requestUnbounded();
        }

        @Override
        protected void hookOnNext(Payload answer) {
            outcome.answered(Payloads.podOf(answer));
            answer.release();
        }

        @Override
        protected void hookOnError(Throwable failure) {
            outcome.failed(failure);
        }

        @Override
        protected void hookOnComplete() {
            outcome.failed(new IllegalStateException("completed without an answer"));
        }
    }
}
