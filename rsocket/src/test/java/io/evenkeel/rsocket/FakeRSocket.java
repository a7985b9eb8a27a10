package io.evenkeel.rsocket;

import io.netty.util.ReferenceCountUtil;
import io.rsocket.Payload;
import io.rsocket.RSocket;
import io.rsocket.util.DefaultPayload;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** One connection in memory, whose answers the test gives; it fails what is in flight when it closes, as a real one does. */
final class FakeRSocket implements RSocket {

    final String pod;
    final List<Sinks.One<Payload>> responses = new ArrayList<>();
    final List<Sinks.Many<Payload>> streams = new ArrayList<>();
    final List<String> received = new ArrayList<>();
    final List<Long> asked = new ArrayList<>();
    int cancelled;
    double availability = 1;
    private final Sinks.Empty<Void> closed = Sinks.empty();
    private boolean disposed;

    FakeRSocket(String pod) {
        this.pod = pod;
    }

    private void take(Payload payload) {
        received.add(payload.getDataUtf8());
        payload.release();
    }

    @Override
    public Mono<Payload> requestResponse(Payload payload) {
        Sinks.One<Payload> sink = Sinks.one();
        return sink.asMono()
                .doOnSubscribe(s -> {
                    take(payload);
                    responses.add(sink);
                })
                .doOnCancel(() -> cancelled++);
    }

    @Override
    public Flux<Payload> requestStream(Payload payload) {
        return stream(() -> take(payload));
    }

    @Override
    public Flux<Payload> requestChannel(Publisher<Payload> payloads) {
        return stream(() -> Flux.from(payloads).subscribe(this::take));
    }

    private Flux<Payload> stream(Runnable begin) {
        Sinks.Many<Payload> sink = Sinks.many().unicast().onBackpressureBuffer();
        return sink.asFlux()
                .doOnSubscribe(s -> {
                    begin.run();
                    streams.add(sink);
                })
                .doOnRequest(asked::add)
                .doOnCancel(() -> cancelled++);
    }

    @Override
    public Mono<Void> fireAndForget(Payload payload) {
        return Mono.<Void>empty().doOnSubscribe(s -> take(payload));
    }

    @Override
    public Mono<Void> metadataPush(Payload payload) {
        return Mono.<Void>empty().doOnSubscribe(s -> ReferenceCountUtil.release(payload));
    }

    void answer(int request, String text) {
        responses.get(request).tryEmitValue(DefaultPayload.create(text));
    }

    void emit(int stream, String text) {
        streams.get(stream).tryEmitNext(DefaultPayload.create(text));
    }

    /** The network or the server ends it. */
    void lose() {
        close(new ClosedChannelException());
    }

    /** It has ended, and is stuck in telling a subscriber so. */
    void loseSilently() {
        disposed = true;
    }

    private void close(Throwable cause) {
        if (!disposed) {
            disposed = true;
            responses.forEach(response -> response.tryEmitError(cause));
            streams.forEach(stream -> stream.tryEmitError(cause));
            closed.tryEmitEmpty();
        }
    }

    @Override
    public void dispose() {
        close(new ClosedChannelException());
    }

    @Override
    public boolean isDisposed() {
        return disposed;
    }

    @Override
    public double availability() {
        return disposed ? 0 : availability;
    }

    @Override
    public Mono<Void> onClose() {
        return closed.asMono();
    }
}
