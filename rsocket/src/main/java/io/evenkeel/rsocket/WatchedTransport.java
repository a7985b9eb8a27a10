package io.evenkeel.rsocket;

import io.rsocket.DuplexConnection;
import io.rsocket.transport.ClientTransport;
import java.nio.channels.ClosedChannelException;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * A transport whose connections show what passes. What the connector does with one (set-up payload, interceptors,
 * acceptor) is the application's code, and done on a thread that may block: on the event loop it would stop other
 * connections. Once the watch has ended it connects no more: a resumed session
 * would, for minutes.
 */
final class WatchedTransport implements ClientTransport {
    private final ClientTransport transport;
    private final WireWatch watch;

    WatchedTransport(ClientTransport transport, WireWatch watch) {
        this.transport = transport;
        this.watch = watch;
    }

    @Override
    public int maxFrameLength() {
        return transport.maxFrameLength();
    }

    @Override
    public Mono<DuplexConnection> connect() {
        return Mono.defer(() -> watch.hasEnded()
                ? Mono.error(new ClosedChannelException())
                : transport.connect().map(this::watched).publishOn(Schedulers.boundedElastic()));
    }

    private DuplexConnection watched(DuplexConnection wire) {
        watch.connected(wire);
        return new WatchedConnection(wire, watch);
    }
}
