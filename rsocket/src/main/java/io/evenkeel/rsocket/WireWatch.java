package io.evenkeel.rsocket;

import io.evenkeel.time.Scheduler;
import io.evenkeel.time.Ticker;
import io.netty.buffer.ByteBuf;
import io.rsocket.DuplexConnection;
import io.rsocket.RSocket;
import io.rsocket.frame.FrameHeaderCodec;
import io.rsocket.frame.FrameType;
import io.rsocket.frame.LeaseFrameCodec;
import io.rsocket.frame.SetupFrameCodec;
import io.rsocket.transport.ClientTransport;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * What has to be seen on the wire of one connection because {@link RSocket} doesn't show it: when a lease expires (its
 * {@code availability()} ignores that), and the transport's connections themselves, so that they can be ended for good.
 *
 * <p>Without a lease no frame is looked at but the very first one that is sent, which tells.
 */
final class WireWatch {

    /** How long a connection may take to send its last frame before it is closed without. */
    private static final Duration LAST_FRAME = Duration.ofSeconds(1);

    private final Ticker ticker;
    private final Scheduler scheduler;
    private volatile boolean ended;
    private volatile boolean leased;
    private volatile boolean leaseSeen;
    private volatile long leaseEnds;
    private volatile @Nullable DuplexConnection current;

    WireWatch(Ticker ticker, Scheduler scheduler) {
        this.ticker = ticker;
        this.scheduler = scheduler;
    }

    /** The transport, watched. Once this has ended it connects no more, whoever asks: a resumed session would, for minutes. */
    ClientTransport over(ClientTransport transport) {
        return new WatchedTransport(transport);
    }

    /** Whether the server is to give leases before it takes requests. */
    boolean isLeased() {
        return leased;
    }

    /** Whether a request would be taken, as far as the RSocket and its lease can tell. */
    boolean mayRequest(@Nullable RSocket rsocket) {
        if (rsocket == null || rsocket.isDisposed()) {
            return false;
        }
        return !leased || (leaseSeen && leaseEnds - ticker.nanos() > 0 && rsocket.availability() > 0);
    }

    /** Ends the RSocket and what is beneath. If its last frame can't be sent, as to a peer that is frozen, it is closed without. */
    void end(@Nullable RSocket rsocket) {
        ended = true;
        if (rsocket != null && !rsocket.isDisposed()) {
            rsocket.dispose();
            scheduler.schedule(LAST_FRAME, this::closeWire);
        } else {
            closeWire();
        }
    }

    boolean isUp() {
        DuplexConnection wire = current;
        return wire != null && !wire.isDisposed();
    }

    void closeWire() {
        DuplexConnection wire = current;
        if (wire != null && !wire.isDisposed()) {
            wire.dispose();
        }
    }

    private DuplexConnection connected(DuplexConnection wire) {
        current = wire;
        if (ended) {
            wire.dispose();
        }
        return new WatchedConnection(wire, this);
    }

    void sentFirst(ByteBuf frame) {
        if (FrameHeaderCodec.frameType(frame) == FrameType.SETUP && SetupFrameCodec.honorLease(frame)) {
            leased = true;
        }
    }

    void received(ByteBuf frame) {
        if (FrameHeaderCodec.streamId(frame) == 0 && FrameHeaderCodec.frameType(frame) == FrameType.LEASE) {
            leaseEnds = ticker.nanos()
                    + Duration.ofMillis(LeaseFrameCodec.ttl(frame)).toNanos();
            leaseSeen = true;
        }
    }

    private final class WatchedTransport implements ClientTransport {
        private final ClientTransport transport;

        WatchedTransport(ClientTransport transport) {
            this.transport = transport;
        }

        @Override
        public int maxFrameLength() {
            return transport.maxFrameLength();
        }

        @Override
        public Mono<DuplexConnection> connect() {
            return Mono.defer(() -> ended
                    ? Mono.error(new ClosedChannelException())
                    : transport.connect().map(WireWatch.this::connected));
        }
    }
}
