package io.evenkeel.amqp;

import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.BlockedListener;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ExceptionHandler;
import com.rabbitmq.client.RecoveryListener;
import com.rabbitmq.client.ShutdownListener;
import com.rabbitmq.client.ShutdownSignalException;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.spi.Guard;
import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connection that the application holds, whichever raw connections (links) carry it: one that is current, and older
 * ones as lame ducks until nothing on them is unsettled or unconfirmed.
 *
 * <pre>
 *   OPEN &lt;--beginMove()/endMove()--&gt; MOVING
 *    |  ^                              |
 *    |  `---recovered()--- RECOVERING &lt;-`--- loss of the current link, if the factory recovers automatically
 *    `---------------- CLOSED &lt;------------- the application closes it, or a loss that is not recovered
 * </pre>
 *
 * The state says who may change links and channels: in MOVING the mover, in RECOVERING recovery, after the mover has
 * ended. Thread-safe.
 */
final class VirtualConnection extends ConnectionOverloads {

    private static final Logger LOG = LoggerFactory.getLogger(VirtualConnection.class);
    private static final long MOVER_ENDS_NANOS = TimeUnit.SECONDS.toNanos(60);
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
    private final ChangeSignal activity;
    private final AtomicReference<State> state = new AtomicReference<>(State.OPEN);
    private final Map<Integer, VirtualChannel> channels = new ConcurrentHashMap<>();
    private final Links links;
    private final BlockedState blocked;
    private final MoveInterlock interlock;
    private final MoveChecks checks;
    private final MoveBackoff backoff = new MoveBackoff();
    private final List<RecoveryListener> recoveryListeners = new CopyOnWriteArrayList<>();
    /** Channels are created within it; a move closes it to see that it has moved all of them. */
    private final WriteGate creating;

    private volatile boolean moverActive;
    /**
     * Makes a change of the state one with what depends on it: which link is current, and why it is shut down. Nothing
     * blocks under it, and no foreign code runs.
     */
    private final ReentrantLock transitions = new ReentrantLock();

    private volatile long since;
    private volatile long lostAt;
    private volatile @Nullable String id;

    private VirtualConnection(Dialer dialer, ConnectionHost upkeep, EndpointKey endpoint)
            throws IOException, TimeoutException {
        this.dialer = dialer;
        this.upkeep = upkeep;
        this.activity = new ChangeSignal(upkeep::condition);
        this.interlock = new MoveInterlock(activity::changed, upkeep::condition);
        this.checks = new MoveChecks(this, interlock);
        this.creating = new WriteGate(this::isReaderThread, upkeep::condition);
        this.blocked = new BlockedState(this, this::exceptionHandler, upkeep.guard());
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
                    public void blocked(Link link) {
                        link.onReader();
                        if (links.isCurrent(link)) {
                            blocked.update();
                        }
                    }
                });
        links.current(links.dial(endpoint, false));
    }

    /** Dials, blocking. */
    static VirtualConnection open(Dialer dialer, ConnectionHost upkeep, EndpointKey endpoint)
            throws IOException, TimeoutException {
        VirtualConnection connection = new VirtualConnection(dialer, upkeep, endpoint);
        connection.adopt(connection.current());
        connection.adopted();
        return connection;
    }

    // Links.

    Links links() {
        return links;
    }

    /** From now on this is the link that new channels are opened on. {@link #adopted} must follow, without the lock. */
    private void adopt(Link link) {
        links.current(link);
        since = upkeep.nanos();
    }

    /** A link may have been lost, or blocked, just before it became the one in use: then that is found here. */
    private void adopted() {
        Link link = current();
        String known = id;
        if (known != null) {
            link.connection().setId(known);
        }
        lossOf(link);
        upkeep.inBackground(blocked::update);
    }

    private void linkDown(Link link, ShutdownSignalException known) {
        ShutdownSignalException signal = link.asLoss(known);
        if (!link.lose(signal)) {
            return;
        }
        links.remove(link);
        upkeep.linkClosed(link.endpoint());
        // In a move, what is on the new link already is brought back by the mover.
        boolean inUse = links.isCurrent(link) || (state.get() == State.OPEN && links.isUsed(link));
        for (VirtualChannel channel : channels.values()) {
            if (inUse) {
                // First: a wait for confirms is to fail with the loss, not with the refusals that come of it.
                channel.publisher().connectionLost(ShutdownSignals.translated(signal, this));
            }
            channel.lost(link);
        }
        if (inUse) {
            lossOf(link);
        } else {
            LOG.debug("{}: its other connection to {} is gone: {}", this, link.endpoint(), signal.getMessage());
            channels.values().forEach(VirtualChannel::forgetLost);
        }
        changed();
    }

    /** Handles the loss of a link in use, if it is lost and that was not handled. */
    private void lossOf(Link link) {
        ShutdownSignalException signal = link.takeLoss();
        if (signal != null) {
            currentDown(link, ShutdownSignals.translated(signal, this));
        }
    }

    private void currentDown(Link link, ShutdownSignalException signal) {
        boolean recovers = dialer.recovers() && !signal.isInitiatedByApplication();
        State before;
        transitions.lock();
        try {
            before = state.getAndUpdate(now -> now == State.CLOSED ? now : recovers ? State.RECOVERING : State.CLOSED);
            lostAt = upkeep.nanos();
            shutdown.shut(signal);
        } finally {
            transitions.unlock();
        }
        changed();
        for (VirtualChannel channel : channels.values()) {
            channel.connectionLost(signal);
        }
        shutdown.tell(upkeep.guard());
        if (before == State.CLOSED || before == State.RECOVERING) {
            return;
        }
        if (recovers) {
            LOG.info("{}: lost at {} and to be recovered: {}", this, link.endpoint(), signal.getMessage());
            upkeep.lost(this, link.endpoint(), signal);
        } else {
            links.discardAll();
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

    /** The same, where it is about one link: what happens on the current one releases no lame duck. */
    void changed(Link link) {
        if (links.isCurrent(link)) {
            activity.changed();
        } else {
            changed();
        }
    }

    // Moves.

    /** Waits for a moment in which nothing is unsettled; whether one came or not, nothing is stopped. */
    void awaitQuiet(long atMostNanos) {
        try {
            activity.await(this::isQuiet, atMostNanos);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean isQuiet() {
        for (VirtualChannel channel : channels.values()) {
            if (channel.unsettled() > 0) {
                return false;
            }
        }
        return true;
    }

    /** What must be so for a move to begin, to go on, and to commit. */
    MoveChecks checks() {
        return checks;
    }

    /** When it is tried again, after moves that were taken back. */
    MoveBackoff backoff() {
        return backoff;
    }

    /** What must not run within a move passes this. */
    MoveInterlock interlock() {
        return interlock;
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
        if (!interlock.beginMove()) {
            return false;
        }
        if (!state.compareAndSet(State.OPEN, State.MOVING)) {
            interlock.endMove();
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
     * Whether the current broker says that there is no such queue. Asked on a channel for this alone, since the answer
     * closes it; the last one, which is the least likely to be asked for by number.
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

    /** A link that a move didn't get to. */
    void leave(Link link) {
        if (state.get() == State.CLOSED) {
            links.discard(link, "its connection was closed");
        } else {
            links.leave(link);
        }
    }

    /** The mover is done, however it went, and touches nothing any more. */
    void endMove() {
        state.compareAndSet(State.MOVING, State.OPEN);
        links.target(null);
        moverActive = false;
        interlock.endMove();
        for (VirtualChannel channel : channels.values()) {
            channel.forgetLost();
        }
        Link lost = links.lostInUse();
        if (lost != null && state.get() == State.OPEN) {
            lossOf(lost);
        }
        links.mayHaveLameDucks();
        changed();
    }

    /**
     * Makes it the link, if everything that the move relied on is still so. What was created on the old link meanwhile
     * is the one thing that can be made up for.
     *
     * @return false if some channel is not there yet
     * @throws MoveGivenUp if the connection is lost or closed, or an obstacle appeared
     * @throws IOException if the new link or a channel on it is gone
     */
    boolean commit(Link next, boolean forced) throws InterruptedException, MoveGivenUp, IOException {
        try {
            if (!creating.close(CREATE_NANOS)) {
                return false;
            }
            if (!checks.isAllAt(next)) {
                return false;
            }
            checks.requireCommittable(next, forced);
            Link before = current();
            transitions.lock();
            try {
                checks.requireMoving(next);
                adopt(next);
            } finally {
                transitions.unlock();
            }
            before.left(upkeep.nanos());
        } finally {
            creating.open();
        }
        adopted();
        return true;
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

    Conditions conditions() {
        return upkeep::condition;
    }

    Guard guard() {
        return upkeep.guard();
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
        for (ConsumerRecord record : channel.consumers().all()) {
            consumerGone(record.queue());
        }
        changed();
    }

    /** One consumer of this queue less. */
    void consumerGone(String queue) {
        for (VirtualChannel channel : channels.values()) {
            if (channel.consumers().consumesFrom(queue)) {
                return;
            }
        }
        topology.lastConsumerGone(queue);
    }

    // Recovery.

    /**
     * Takes a link in the place of the one that was lost, with everything that the application had. Blocks.
     *
     * @return how long it was without, or null if it was closed meanwhile
     */
    @Nullable
    Duration recover(Link link) throws IOException, InterruptedException {
        if (!activity.await(() -> !moverActive, MOVER_ENDS_NANOS)) {
            throw new IOException(this + ": a move did not end although its connection is lost");
        }
        ShutdownSignalException signal = shutdown.cause();
        for (Link older : links.all()) {
            if (older != link && signal != null) {
                links.abandon(older, signal);
            }
        }
        tell("handleRecoveryStarted", listener -> listener.handleRecoveryStarted(this));
        Recovery recovery = new Recovery(this, link, dialer.recoversTopology());
        recovery.topology();
        recovery.channels();
        // No move begins before its consumers are there.
        interlock.enter("it is being recovered", false);
        try {
            if (!open(link)) {
                return lostAgain(link);
            }
            adopted();
            channels().forEach(channel -> channel.end().shutDownIfClosed());
            channels.values().forEach(VirtualChannel::tellRecoveryStarted);
            recovery.consumers();
        } finally {
            interlock.exit();
        }
        channels.values().forEach(VirtualChannel::tellRecovered);
        tell("handleRecovery", listener -> listener.handleRecovery(this));
        return Duration.ofNanos(upkeep.nanos() - lostAt);
    }

    /** @return false if it was closed meanwhile, or the link is lost as well */
    private boolean open(Link link) {
        transitions.lock();
        try {
            if (!link.isOpen() || !state.compareAndSet(State.RECOVERING, State.OPEN)) {
                return false;
            }
            adopt(link);
            channels.values().forEach(VirtualChannel::reopened);
            shutdown.reopen();
            return true;
        } finally {
            transitions.unlock();
        }
    }

    private @Nullable Duration lostAgain(Link link) throws IOException {
        if (state.get() == State.CLOSED) {
            links.discard(link, "closed while it was recovered");
            return null;
        }
        throw new IOException(this + ": lost again while it was recovered");
    }

    private void tell(String what, Consumer<RecoveryListener> call) {
        for (RecoveryListener listener : recoveryListeners) {
            upkeep.guard().run("RecoveryListener." + what, current().endpoint(), () -> call.accept(listener));
        }
    }

    void tellTopologyRecoveryStarted() {
        tell("handleTopologyRecoveryStarted", listener -> listener.handleTopologyRecoveryStarted(this));
    }

    // Connection.

    @Override
    Connection raw() {
        return current().connection();
    }

    @Override
    int closeMillis() {
        return (int) Math.min(Integer.MAX_VALUE, dialer.closeTimeout().toMillis());
    }

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
    public void close(int code, String message, int timeout) throws IOException {
        if (beginClose()) {
            end(code, message, () -> current().connection().close(code, message, timeout));
        } else {
            ensureOpen();
        }
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
        State before;
        transitions.lock();
        try {
            before = state.getAndSet(State.CLOSED);
        } finally {
            transitions.unlock();
        }
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
        try {
            if (hadLink) {
                links.discardOthers();
                ending.run();
            } else {
                links.discardAll();
            }
        } finally {
            ShutdownSignalException signal = ShutdownSignals.byApplication(code, message, this);
            if (shutdown.shut(signal)) {
                channels.values().forEach(channel -> channel.shutDown(signal));
                shutdown.tell(upkeep.guard());
            }
            upkeep.closed(this, current().endpoint(), hadLink);
        }
    }

    @Override
    public void addBlockedListener(BlockedListener listener) {
        blocked.listeners().add(listener);
    }

    @Override
    public boolean removeBlockedListener(BlockedListener listener) {
        return blocked.listeners().remove(listener);
    }

    @Override
    public void clearBlockedListeners() {
        blocked.listeners().clear();
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
        shutdown.add(listener, upkeep.guard());
    }

    @Override
    public void removeShutdownListener(ShutdownListener listener) {
        shutdown.remove(listener);
    }

    @Override
    public @Nullable ShutdownSignalException getCloseReason() {
        ShutdownSignalException cause = shutdown.cause();
        return cause != null ? cause : justLost();
    }

    @Override
    public void notifyListeners() {
        shutdown.tell(upkeep.guard());
    }

    @Override
    public boolean isOpen() {
        return shutdown.isOpen() && justLost() == null;
    }

    /**
     * What the link in use has ended with, if the loss is not handled yet: what failed because of it is not to find the
     * connection open, since the application waits for that.
     */
    private @Nullable ShutdownSignalException justLost() {
        ShutdownSignalException signal = current().connection().getCloseReason();
        return signal == null ? null : ShutdownSignals.translated(signal, this);
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
