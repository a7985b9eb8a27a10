package io.evenkeel.rsocket;

import io.evenkeel.time.Scheduler;
import io.evenkeel.time.Ticker;
import io.netty.buffer.ByteBuf;
import io.rsocket.DuplexConnection;
import io.rsocket.RSocket;
import io.rsocket.frame.FrameHeaderCodec;
import io.rsocket.frame.FrameType;
import io.rsocket.frame.KeepAliveFrameCodec;
import io.rsocket.frame.LeaseFrameCodec;
import io.rsocket.frame.SetupFrameCodec;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * What has to be seen on the wire of one connection because {@link RSocket} doesn't show it: when a lease expires (its
 * {@code availability()} ignores that), and the transport's connections themselves, so that they can be ended for good.
 *
 * <p>It also asks for a sign of life. The protocol's SETUP has no answer, and a connection to a process that hangs is
 * accepted by its kernel, so that "connected" would prove nothing. So the set-up is followed by a KEEPALIVE that is to
 * be answered, and the connection counts as established when the first answer of the server is there.
 *
 * <p>And it asks whether what needs no answer has arrived: by a KEEPALIVE with a number of its own that goes through
 * the same queue as requests. The server answers frames in order, so its answer confirms all that was sent before.
 */
final class WireWatch {

    /** How long a connection may take to send its last frame before it is closed without. */
    private static final Duration LAST_FRAME = Duration.ofSeconds(1);
    /** After so long a server that is alive would have confirmed; a drain's own deadline is usually shorter. */
    static final Duration CONFIRMED_WITHIN = Duration.ofSeconds(60);

    private final Ticker ticker;
    private final Scheduler scheduler;
    private final Runnable whenLeased;
    private volatile boolean ended;
    private volatile boolean leased;
    private volatile @Nullable LeasePermits allowance;
    private volatile @Nullable DuplexConnection current;
    private final Sinks.Empty<Void> answered = Sinks.empty();
    // Written by the event loop that reads it.
    private boolean alive;
    private final Runnable whenAlive;
    private final AtomicReference<@Nullable Confirmation> asked = new AtomicReference<>();

    /**
     * The one question that is open.
     *
     * @param number by which its answer is known
     * @param then receives whether the server has confirmed
     */
    private record Confirmation(long number, Consumer<Boolean> then) {}

    /**
     * @param whenLeased runs, on the event loop, when the server has granted a lease which can be used from now on
     * @param whenAlive runs, on the event loop, when the server has answered a KEEPALIVE
     */
    WireWatch(Ticker ticker, Scheduler scheduler, Runnable whenLeased, Runnable whenAlive) {
        this.ticker = ticker;
        this.scheduler = scheduler;
        this.whenLeased = whenLeased;
        this.whenAlive = whenAlive;
    }

    /**
     * Asks the server whether it has received all that was sent. One question at a time.
     *
     * @param then receives the answer once: true, or false if the connection ended or the server was silent for
     *     {@link #CONFIRMED_WITHIN}; true at once if there is no wire to ask on
     */
    void confirm(Consumer<Boolean> then) {
        DuplexConnection wire = current;
        if (wire == null) {
            then.accept(true);
            return;
        }
        Confirmation confirmation = new Confirmation(ticker.nanos() | 1, then);
        asked.set(confirmation);
        ByteBuf number = wire.alloc().buffer(Long.BYTES).writeLong(confirmation.number);
        // Not as stream 0, which would be sent ahead of the requests that wait to be sent.
        wire.sendFrame(1, KeepAliveFrameCodec.encode(wire.alloc(), true, 0, number));
        if (wire.isDisposed()) {
            answer(confirmation, false);
        }
        scheduler.schedule(CONFIRMED_WITHIN, () -> answer(confirmation, false));
    }

    private void answer(@Nullable Confirmation confirmation, boolean confirmed) {
        if (confirmation != null && asked.compareAndSet(confirmation, null)) {
            confirmation.then.accept(confirmed);
        }
    }

    @SuppressWarnings("ReferenceEquality") // another object is another wire
    private void lost(DuplexConnection wire) {
        if (wire == current) {
            answer(asked.get(), false);
        }
    }

    /** Runs it on the control thread when an RSocket that has ended should have said so. */
    void soon(Runnable then) {
        scheduler.schedule(LAST_FRAME, then);
    }

    private void keptAlive(ByteBuf frame) {
        Confirmation confirmation = asked.get();
        if (confirmation != null && !KeepAliveFrameCodec.respondFlag(frame)) {
            ByteBuf data = KeepAliveFrameCodec.data(frame);
            if (data.readableBytes() == Long.BYTES && data.getLong(data.readerIndex()) == confirmation.number) {
                answer(confirmation, true);
            }
        }
        whenAlive.run();
    }

    /** Whether it has been ended; nothing connects any more then. */
    boolean hasEnded() {
        return ended;
    }

    /** Whether there is a permit for a request, where the server grants leases; rsocket-java has to think so, too. */
    boolean hasPermit(@Nullable RSocket rsocket) {
        LeasePermits granted = allowance;
        return granted != null && granted.isLeft(ticker.nanos()) && rsocket != null && rsocket.availability() > 0;
    }

    /** Whether the server is to grant leases. Known once the set-up was sent. */
    boolean isLeased() {
        return leased;
    }

    /** Takes the server's permission for one request, which then may be sent once. */
    boolean takePermit() {
        LeasePermits granted = allowance;
        return granted != null && granted.take(ticker.nanos());
    }

    /**
     * Ends the RSocket and what is beneath. If its last frame can't be sent, as to a peer that is frozen, it is closed
     * without.
     */
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

    /** The transport has connected. */
    void connected(DuplexConnection wire) {
        current = wire;
        wire.onClose().subscribe(null, error -> lost(wire), () -> lost(wire));
        if (ended) {
            wire.dispose();
        }
    }

    /** Completes when the server has shown that it is there. */
    Mono<Void> answered() {
        return answered.asMono();
    }

    /**
     * Looks at the first frame before it is sent.
     *
     * @return whether it begins a session, so that the server's answer is to be asked for
     */
    boolean begins(ByteBuf frame) {
        if (FrameHeaderCodec.frameType(frame) != FrameType.SETUP) {
            return false;
        }
        leased = SetupFrameCodec.honorLease(frame);
        return true;
    }

    /**
     * Looks at a frame before it is handled.
     *
     * @return what it grants, if it is a lease, for {@link #granted} when it has been handled
     */
    @Nullable
    LeasePermits received(ByteBuf frame) {
        if (FrameHeaderCodec.streamId(frame) != 0) {
            return null;
        }
        FrameType type = FrameHeaderCodec.frameType(frame);
        if (!alive && (type == FrameType.KEEPALIVE || type == FrameType.LEASE)) {
            alive = true;
            answered.tryEmitEmpty();
        } else if (type == FrameType.KEEPALIVE) {
            keptAlive(frame);
        }
        if (type != FrameType.LEASE) {
            return null;
        }
        return LeasePermits.of(
                LeaseFrameCodec.numRequests(frame), Duration.ofMillis(LeaseFrameCodec.ttl(frame)), ticker.nanos());
    }

    /** rsocket-java has the lease: requests may use it. Before that they would be kept there, or be refused. */
    void granted(LeasePermits lease) {
        allowance = lease;
        whenLeased.run();
    }
}
