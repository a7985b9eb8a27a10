package io.evenkeel.amqp;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.BlockedCallback;
import com.rabbitmq.client.BlockedListener;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ExceptionHandler;
import com.rabbitmq.client.RecoverableConnection;
import com.rabbitmq.client.RecoveryListener;
import com.rabbitmq.client.ShutdownListener;
import com.rabbitmq.client.ShutdownSignalException;
import com.rabbitmq.client.UnblockedCallback;
import com.rabbitmq.client.impl.NetworkConnection;
import io.evenkeel.endpoint.EndpointKey;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connection that the application holds, whichever raw connections (links) carry it: one that is current, and older ones
 * as lame ducks until nothing on them is unsettled or unconfirmed.
 *
 * <pre>
 *   OPEN &lt;--beginMove()/endMove()--&gt; MOVING
 *    |  ^                              |
 *    |  `---recovered()--- RECOVERING &lt;-`--- loss of the current link, if the factory recovers automatically
 *    `---------------- CLOSED &lt;------------- the application closes it, or a loss that is not recovered
 * </pre>
 *
 * The state says who may change links and channels: in MOVING the mover, in RECOVERING recovery, after the mover has let
 * go. Thread-safe.
 */
final class VirtualConnection implements RecoverableConnection, NetworkConnection {

    private static final Logger LOG = LoggerFactory.getLogger(VirtualConnection.class);
    private static final long LET_GO_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final long CREATE_NANOS = TimeUnit.SECONDS.toNanos(5);

    enum State {
        OPEN,
        MOVING,
        RECOVERING,
        CLOSED
    }

    private final Dialer dialer;
    private final ConnectionHost upkeep;
    private final ShutdownSignals shutdown = new ShutdownSignals();
    private final TopologyRecord topology = new TopologyRecord();
    private final ChangeSignal activity = new ChangeSignal();
    private final AtomicReference<State> state = new AtomicReference<>(State.OPEN);
    private final Map<Integer, VirtualChannel> channels = new ConcurrentHashMap<>();
    private final Links links;
    private final List<BlockedListener> blockedListeners = new CopyOnWriteArrayList<>();
    private final List<RecoveryListener> recoveryListeners = new CopyOnWriteArrayList<>();
    /** Channels are created within it; a move closes it to see that it has moved all of them. */
    private final WriteGate creating = new WriteGate(this::isReaderThread);

    private volatile boolean moverActive;
    private volatile boolean blocked;
    private volatile long since;
    private volatile long lostAt;
    private volatile @Nullable String id;

    private VirtualConnection(Dialer dialer, ConnectionHost upkeep, EndpointKey endpoint)
            throws IOException, TimeoutException {
        this.dialer = dialer;
        this.upkeep = upkeep;
        this.links = new Links(
                dialer,
                upkeep,
                new ForwardingExceptionHandler(this, dialer.exceptionHandler()),
                channels::values,
                new Links.Listener() {
                    @Override
                    public void down(Link link, ShutdownSignalException signal) {
                        linkDown(link, signal);
                    }

                    @Override
                    public void blocked(Link link, boolean now, String reason) throws IOException {
                        VirtualConnection.this.blocked(link, now, reason);
                    }
                });
        links.current(links.dial(endpoint, false));
    }

    /** Dials, blocking. */
    static VirtualConnection open(Dialer dialer, ConnectionHost upkeep, EndpointKey endpoint)
            throws IOException, TimeoutException {
        VirtualConnection connection = new VirtualConnection(dialer, upkeep, endpoint);
        connection.adopt(connection.current());
        return connection;
    }

    // Links.

    Links links() {
        return links;
    }

    /** From now on this is the link that new channels are opened on. */
    private void adopt(Link link) {
        links.current(link);
        blocked = false;
        since = upkeep.nanos();
        String known = id;
        if (known != null) {
            link.connection().setId(known);
        }
    }

    private void blocked(Link link, boolean now, String reason) throws IOException {
        link.onReader();
        if (!links.isCurrent(link)) {
            return;
        }
        blocked = now;
        for (BlockedListener listener : blockedListeners) {
            if (now) {
                listener.handleBlocked(reason);
            } else {
                listener.handleUnblocked();
            }
        }
    }

    private void linkDown(Link link, ShutdownSignalException signal) {
        if (!link.lose()) {
            return;
        }
        links.remove(link);
        upkeep.linkClosed(link.endpoint());
        for (VirtualChannel channel : channels.values()) {
            channel.lost(link);
        }
        if (links.isCurrent(link)) {
            currentDown(link, ShutdownSignals.translated(signal, this));
        } else {
            LOG.debug("{}: its older connection to {} is gone: {}", this, link.endpoint(), signal.getMessage());
            for (VirtualChannel channel : channels.values()) {
                if (channel.receivingOn().link() != link && channel.sendingOn().link() != link) {
                    channel.forget(link, true);
                }
            }
            changed();
        }
    }

    private void currentDown(Link link, ShutdownSignalException signal) {
        boolean recovers = dialer.recovers() && !signal.isInitiatedByApplication();
        State before =
                state.getAndUpdate(now -> now == State.CLOSED ? now : recovers ? State.RECOVERING : State.CLOSED);
        lostAt = upkeep.nanos();
        shutdown.shut(signal);
        changed();
        for (VirtualChannel channel : channels.values()) {
            channel.shutDown(signal);
        }
        shutdown.tell();
        if (before == State.CLOSED) {
            return;
        }
        if (recovers) {
            LOG.info("{}: lost at {} and to be recovered: {}", this, link.endpoint(), signal.getMessage());
            recoveryListeners.forEach(listener -> listener.handleRecoveryStarted(this));
            upkeep.lost(this, link.endpoint(), signal);
        } else {
            links.discardOthers();
            upkeep.closed(this, link.endpoint(), true);
        }
    }

    boolean isReaderThread() {
        return links.isReader(Thread.currentThread());
    }

    /** Something that a mover waits for, or that a lame duck lived for, may be so now. */
    void changed() {
        activity.changed();
        if (state.get() == State.OPEN) {
            links.releaseLameDucks();
        }
    }

    // Moves.

    /**
     * Why it can't be moved now, or null.
     *
     * @param forced whether its broker leaves: then what a move might lose is lost more surely without
     */
    @Nullable
    String obstacle(boolean forced) {
        State now = state.get();
        if (now != State.OPEN) {
            return "the connection is " + now;
        }
        if (blocked) {
            return "the broker blocks the connection (a memory or disk alarm): confirms would never come";
        }
        return MoveObstacles.of(topology, channels.values(), forced);
    }

    /** Whether moving it makes some other consumer take over: better move another connection. */
    boolean hasSingleActiveConsumer() {
        for (TopologyRecord.Queue queue : topology.queues()) {
            if (Boolean.TRUE.equals(queue.argument("x-single-active-consumer"))) {
                return true;
            }
        }
        return false;
    }

    boolean beginMove() {
        if (!state.compareAndSet(State.OPEN, State.MOVING)) {
            return false;
        }
        moverActive = true;
        return true;
    }

    /** The mover has dialled this link. */
    void movingTo(Link next) {
        links.target(next);
    }

    /** Whether this is where a move that is under way goes to, and it is not there yet. */
    boolean isMovingTo(Link link) {
        return links.isTarget(link) && isMoving();
    }

    /**
     * Whether the current broker says that there is no such queue. Asked on a channel for this alone, since the answer closes
     * it; the last one, which is the least likely to be asked for by number.
     */
    boolean isGone(String queue) throws IOException {
        Connection raw = current().connection();
        Channel probe = raw.createChannel(raw.getChannelMax());
        if (probe == null) {
            return false;
        }
        try {
            probe.queueDeclarePassive(queue);
            return false;
        } catch (IOException e) {
            if (ShutdownSignals.notFound(e)) {
                return true;
            }
            throw e;
        } finally {
            if (probe.isOpen()) {
                probe.abort();
            }
        }
    }

    boolean isMoving() {
        return state.get() == State.MOVING;
    }

    void requireMoving() throws MoveGivenUp {
        if (!isMoving()) {
            throw new MoveGivenUp("the connection is " + state.get());
        }
    }

    /** The mover is done, however it went, and touches nothing any more. */
    void endMove() {
        state.compareAndSet(State.MOVING, State.OPEN);
        links.target(null);
        moverActive = false;
        links.mayHaveLameDucks();
        changed();
    }

    /**
     * Makes it the link, unless some channel was created on the old one meanwhile.
     *
     * @return whether it is now
     */
    boolean commit(Link next) throws InterruptedException {
        try {
            if (!creating.close(CREATE_NANOS)) {
                return false;
            }
            for (VirtualChannel channel : channels.values()) {
                if (channel.on(next) == null) {
                    return false;
                }
            }
            current().left(upkeep.nanos());
            adopt(next);
            return true;
        } finally {
            creating.open();
        }
    }

    ChangeSignal activity() {
        return activity;
    }

    Dialer dialer() {
        return dialer;
    }

    Link current() {
        return links.current();
    }

    Collection<VirtualChannel> channels() {
        return List.copyOf(channels.values());
    }

    @Nullable
    VirtualChannel channel(int number) {
        return channels.get(number);
    }

    TopologyRecord topology() {
        return topology;
    }

    ExceptionHandler exceptionHandler() {
        return dialer.exceptionHandler();
    }

    void inBackground(Runnable task) {
        upkeep.inBackground(task);
    }

    ConnectionHost upkeep() {
        return upkeep;
    }

    /** When it began to be where it is. */
    long since() {
        return since;
    }

    State state() {
        return state.get();
    }

    int lameDucks() {
        return links.lameDucks();
    }

    void forget(VirtualChannel channel) {
        channels.remove(channel.number(), channel);
    }

    // Recovery.

    /**
     * Takes a link in the place of the one that was lost, with everything that the application had. Blocks.
     *
     * @return how long it was without, or null if it was closed meanwhile
     */
    @Nullable
    Duration recover(Link link) throws IOException, InterruptedException {
        if (!activity.await(() -> !moverActive, LET_GO_NANOS)) {
            throw new IOException(this + ": a move did not end although its connection is lost");
        }
        for (Link older : links.all()) {
            if (older != link) {
                links.abandon(older);
            }
        }
        Recovery recovery = new Recovery(this, link, dialer.recoversTopology());
        recovery.channels();
        recovery.topology();
        Link before = current();
        adopt(link);
        shutdown.reopen();
        if (!state.compareAndSet(State.RECOVERING, State.OPEN) || !link.isOpen()) {
            links.current(before);
            return lostAgain(link);
        }
        recovery.consumers();
        for (VirtualChannel channel : channels.values()) {
            channel.tellRecovered();
        }
        recoveryListeners.forEach(listener -> listener.handleRecovery(this));
        return Duration.ofNanos(upkeep.nanos() - lostAt);
    }

    private @Nullable Duration lostAgain(Link link) throws IOException {
        links.discard(link, "closed while it was recovered");
        if (state.get() == State.CLOSED) {
            return null;
        }
        state.set(State.RECOVERING);
        throw new IOException(this + ": lost again while it was recovered");
    }

    void tellTopologyRecoveryStarted() {
        recoveryListeners.forEach(listener -> listener.handleTopologyRecoveryStarted(this));
    }

    // Connection.

    private void ensureOpen() {
        ShutdownSignalException cause = shutdown.cause();
        if (cause != null) {
            throw new AlreadyClosedException(cause);
        }
    }

    @Override
    public @Nullable Channel createChannel() throws IOException {
        return create(Connection::createChannel);
    }

    @Override
    public @Nullable Channel createChannel(int number) throws IOException {
        return create(raw -> raw.createChannel(number));
    }

    @FunctionalInterface
    private interface Creation {
        @Nullable
        Channel on(Connection raw) throws IOException;
    }

    private @Nullable Channel create(Creation creation) throws IOException {
        creating.enter();
        try {
            ensureOpen();
            Link link = current();
            Channel raw = creation.on(link.connection());
            if (raw == null) {
                return null;
            }
            VirtualChannel channel = new VirtualChannel(this, link, raw);
            channels.put(channel.number(), channel);
            return channel;
        } finally {
            creating.exit();
        }
    }

    @Override
    public void close() throws IOException {
        close(AMQP.REPLY_SUCCESS, "OK");
    }

    @Override
    public void close(int code, String message) throws IOException {
        close(code, message, (int)
                Math.min(Integer.MAX_VALUE, dialer.closeTimeout().toMillis()));
    }

    @Override
    public void close(int timeout) throws IOException {
        close(AMQP.REPLY_SUCCESS, "OK", timeout);
    }

    @Override
    public void close(int code, String message, int timeout) throws IOException {
        if (beginClose()) {
            end(code, message, () -> current().connection().close(code, message, timeout));
        } else {
            ensureOpen();
        }
    }

    @Override
    public void abort() {
        abort(AMQP.REPLY_SUCCESS, "OK");
    }

    @Override
    public void abort(int code, String message) {
        abort(code, message, -1);
    }

    @Override
    public void abort(int timeout) {
        abort(AMQP.REPLY_SUCCESS, "OK", timeout);
    }

    @Override
    public void abort(int code, String message, int timeout) {
        if (beginClose()) {
            try {
                end(code, message, () -> current().connection().abort(code, message, timeout));
            } catch (IOException e) {
                LOG.debug("{}: aborted", this, e);
            }
        }
    }

    private volatile boolean hadLinkAtClose;

    private boolean beginClose() {
        State before = state.getAndSet(State.CLOSED);
        hadLinkAtClose = before == State.OPEN || before == State.MOVING;
        return before != State.CLOSED;
    }

    @FunctionalInterface
    private interface Ending {
        void run() throws IOException;
    }

    private void end(int code, String message, Ending ending) throws IOException {
        boolean hadLink = hadLinkAtClose;
        changed();
        links.discardOthers();
        try {
            if (hadLink) {
                ending.run();
            }
        } finally {
            ShutdownSignalException signal = ShutdownSignals.byApplication(code, message, this);
            if (shutdown.shut(signal)) {
                channels.values().forEach(channel -> channel.shutDown(signal));
                shutdown.tell();
            }
            upkeep.closed(this, current().endpoint(), hadLink);
        }
    }

    @Override
    public InetAddress getAddress() {
        return current().connection().getAddress();
    }

    @Override
    public int getPort() {
        return current().connection().getPort();
    }

    @Override
    public @Nullable InetAddress getLocalAddress() {
        return current().connection() instanceof NetworkConnection network ? network.getLocalAddress() : null;
    }

    @Override
    public int getLocalPort() {
        return current().connection() instanceof NetworkConnection network ? network.getLocalPort() : 0;
    }

    @Override
    public int getChannelMax() {
        return current().connection().getChannelMax();
    }

    @Override
    public int getFrameMax() {
        return current().connection().getFrameMax();
    }

    @Override
    public int getHeartbeat() {
        return current().connection().getHeartbeat();
    }

    @Override
    public Map<String, Object> getClientProperties() {
        return current().connection().getClientProperties();
    }

    @Override
    public @Nullable String getClientProvidedName() {
        return current().connection().getClientProvidedName();
    }

    @Override
    public Map<String, Object> getServerProperties() {
        return current().connection().getServerProperties();
    }

    @Override
    public void addBlockedListener(BlockedListener listener) {
        blockedListeners.add(listener);
    }

    @Override
    public BlockedListener addBlockedListener(BlockedCallback onBlocked, UnblockedCallback onUnblocked) {
        BlockedListener listener = new BlockedListener() {
            @Override
            public void handleBlocked(String reason) throws IOException {
                onBlocked.handle(reason);
            }

            @Override
            public void handleUnblocked() throws IOException {
                onUnblocked.handle();
            }
        };
        blockedListeners.add(listener);
        return listener;
    }

    @Override
    public boolean removeBlockedListener(BlockedListener listener) {
        return blockedListeners.remove(listener);
    }

    @Override
    public void clearBlockedListeners() {
        blockedListeners.clear();
    }

    @Override
    public ExceptionHandler getExceptionHandler() {
        return dialer.exceptionHandler();
    }

    @Override
    public @Nullable String getId() {
        return id;
    }

    @Override
    public void setId(String value) {
        id = value;
        current().connection().setId(value);
    }

    @Override
    public void addShutdownListener(ShutdownListener listener) {
        shutdown.add(listener);
    }

    @Override
    public void removeShutdownListener(ShutdownListener listener) {
        shutdown.remove(listener);
    }

    @Override
    public @Nullable ShutdownSignalException getCloseReason() {
        return shutdown.cause();
    }

    @Override
    public void notifyListeners() {
        shutdown.tell();
    }

    @Override
    public boolean isOpen() {
        return shutdown.isOpen();
    }

    @Override
    public void addRecoveryListener(RecoveryListener listener) {
        recoveryListeners.add(listener);
    }

    @Override
    public void removeRecoveryListener(RecoveryListener listener) {
        recoveryListeners.remove(listener);
    }

    @Override
    public String toString() {
        return "connection " + dialer.name() + " at " + current().endpoint();
    }
}
