package io.evenkeel.amqp;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ConfirmListener;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.Envelope;
import com.rabbitmq.client.ShutdownSignalException;
import com.rabbitmq.client.TopologyRecoveryException;
import com.rabbitmq.client.impl.DefaultExceptionHandler;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.spi.EndpointConnections.MoveOutcome;
import io.evenkeel.spi.Guard;
import io.evenkeel.time.Scheduler;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One run: an application on one virtual connection over a {@link FakeCluster}, moves, and faults, all of it chosen by a
 * seed; then the checks.
 */
final class Simulation implements ConnectionHost, FakeCluster.Wire {

    private static final boolean TRACES = Boolean.getBoolean("evenkeel.simulation.trace");
    private static final Duration LONGEST = Duration.ofMinutes(3);
    private static final List<EndpointKey> BROKERS =
            List.of(FakeCluster.broker("a"), FakeCluster.broker("b"), FakeCluster.broker("c"));

    /** Requests that are not answered, so that silence does not keep them waiting. */
    private static final Set<String> ONE_WAY = Set.of("publish", "settle", "closeChannel");

    private final Random random;
    private final SimThreads threads;
    private final FakeCluster cluster = new FakeCluster();
    private final FakeCluster.FakeDialer dialer = (FakeCluster.FakeDialer) cluster.dialer();
    private final SimCoverage coverage;
    private final Guard guard = new Guard("simulation");
    private final List<App> apps = new ArrayList<>();
    private final long seed;
    private final boolean isPlain;
    private final int count;
    /** Whether anything happens that the application did not ask for. */
    private final boolean faulty;

    private VirtualConnection connection;
    /** In the place of the virtual connection, where the script runs on what the plain client has. */
    private @Nullable FakeConnection plain;

    /** Whether anything ended that was delivered or published on, so that messages may come again. */
    private boolean lossy;
    /** Whether the application may see that a channel or the connection is closed. */
    private boolean closing;

    private boolean ended;
    /** Whether a channel could not go back from the broker that was not moved to. */
    private boolean stayed;

    /** Whether recovery could not declare something, and said so. */
    private boolean refused;

    private SimThreads.@Nullable Actor mover;
    private int moved;
    private @Nullable EndpointKey silent;
    private final Set<String> forgotten = new HashSet<>();
    private final AtomicBoolean blocked = new AtomicBoolean();

    Simulation(long seed, SimThreads.Carriers carriers, SimCoverage coverage) {
        this(seed, carriers, coverage, false);
    }

    private Simulation(long seed, SimThreads.Carriers carriers, SimCoverage coverage, boolean isPlain) {
        this.seed = seed;
        this.isPlain = isPlain;
        this.random = new Random(seed * 0x9E3779B97F4A7C15L);
        this.count = 1 + random.nextInt(2);
        this.faulty = random.nextInt(3) > 0;
        this.threads = new SimThreads(carriers, random);
        this.coverage = coverage;
        cluster.wire = this;
        cluster.fault = this::request;
        dialer.exceptions = new DefaultExceptionHandler() {
            @Override
            public void handleTopologyRecoveryException(
                    com.rabbitmq.client.Connection recovered, Channel channel, TopologyRecoveryException failure) {
                coverage.count("entities that recovery could not declare");
                refused = true;
            }
        };
        dialer.handover = random.nextBoolean() ? ConsumerHandover.STRICT : ConsumerHandover.LAME_DUCK;
        dialer.moveDeadline = Duration.ofMillis(50 + random.nextInt(3000));
        dialer.publisherPause = Duration.ofMillis(20 + random.nextInt(300));
        dialer.ackHold = random.nextInt(3) == 0 ? Duration.ofMillis(20) : Duration.ZERO;
    }

    /** Every request to a broker takes a moment, or for ever. */
    private void request(EndpointKey broker, String operation) throws IOException {
        trace(() -> broker.identity() + " " + operation);
        threads.pause();
        if (broker.equals(silent) && !ONE_WAY.contains(operation)) {
            FakeConnection first = last(broker);
            if (first != null && !broker.equals(connection.current().endpoint())) {
                visit("B silent");
            }
            while (broker.equals(silent) && first != null && first.isOpen()) {
                threads.sleep(Duration.ofMillis(100));
            }
        }
    }

    private void trace(java.util.function.Supplier<String> what) {
        if (TRACES) {
            System.out.printf("%9.3f ms %-12s %s%n", threads.now() / 1e6, threads.currentName(), what.get());
        }
    }

    private @Nullable FakeConnection last(EndpointKey broker) {
        List<FakeConnection> open = cluster.open(broker);
        return open.isEmpty() ? null : open.get(open.size() - 1);
    }

    long run() throws Throwable {
        threads.start("main", this::begin);
        threads.run(LONGEST);
        quiesce();
        threads.start("end", this::end);
        threads.run(LONGEST.multipliedBy(2));
        checkClosed();
        threads.release();
        return threads.steps;
    }

    /** The same script on a plain connection without moves, which the application must not be able to tell from this. */
    void compare(SimThreads.Carriers carriers) throws Throwable {
        if (faulty) {
            return;
        }
        Simulation other = new Simulation(seed, carriers, coverage, true);
        other.run();
        for (int i = 0; i < count; i++) {
            String difference = apps.get(i).observed.difference(other.apps.get(i).observed);
            if (difference != null) {
                throw new AssertionError(
                        "application " + i + " observes what it would not on a plain connection: " + difference);
            }
        }
        coverage.count("runs compared with the plain client");
    }

    private com.rabbitmq.client.Connection client() {
        return plain != null ? plain : connection;
    }

    private void begin() throws Exception {
        if (isPlain) {
            plain = (FakeConnection) dialer.dial(BROKERS.get(0), dialer.exceptionHandler(), false);
            startApps();
            return;
        }
        connection = VirtualConnection.open(dialer, this, BROKERS.get(0));
        connection.addBlockedListener(
                reason -> {
                    require(blocked.compareAndSet(false, true), "blocked twice");
                },
                () -> require(blocked.compareAndSet(true, false), "unblocked without blocked"));
        startApps();
        mover = threads.start("mover", this::mover);
        if (faulty) {
            threads.start("faults", this::faults);
        }
    }

    private void startApps() {
        for (int i = 0; i < count; i++) {
            App app = new App(i);
            apps.add(app);
            threads.start("app" + i, app::run);
        }
    }

    private void mover() {
        for (int i = 1 + random.nextInt(3); i > 0; i--) {
            threads.sleep(Duration.ofMillis(random.nextInt(30)));
            move(random.nextInt(3) == 0);
        }
    }

    private void move(boolean forced) {
        EndpointKey at = connection.current().endpoint();
        EndpointKey to = BROKERS.get((BROKERS.indexOf(at) + 1) % BROKERS.size());
        long begun = threads.now();
        Duration deadline = forced ? Duration.ofSeconds(3) : dialer.moveDeadline;
        Move move = new Move(connection, to, forced, deadline);
        MoveOutcome outcome = move.run();
        // Of this task alone, as an executor sees to.
        Thread.interrupted();
        trace(() -> "move to " + to + ": " + outcome);
        coverage.outcome(forced, outcome);
        if (outcome instanceof MoveOutcome.Postponed && threads.now() - begun >= deadline.toNanos()) {
            coverage.visit(VirtualConnection.State.MOVING, forced ? "deadline, forced" : "deadline, voluntary");
        }
        Link current = connection.current();
        stayed |= connection.channels().stream()
                .anyMatch(channel -> channel.sendingOn().link() != current);
        if (outcome instanceof MoveOutcome.Moved) {
            moved++;
        }
        Duration took = Duration.ofNanos(threads.now() - begun);
        // Each channel and step at most once each after the deadline.
        require(took.compareTo(deadline.plusSeconds(30)) < 0, "a move took " + took);
    }

    // Faults.

    private void faults() throws Exception {
        for (int i = 1 + random.nextInt(2); i > 0; i--) {
            threads.sleep(Duration.ofMillis(random.nextInt(40)));
            fault();
        }
    }

    private void fault() throws Exception {
        switch (random.nextInt(10)) {
            case 0 -> lose(connection.current().endpoint(), "loss of A");
            case 1, 2 -> {
                for (FakeConnection open : List.copyOf(cluster.connections)) {
                    if (open.isOpen()
                            && !open.broker.equals(connection.current().endpoint())) {
                        lose(open.broker, "loss of B");
                        return;
                    }
                }
            }
            case 3 -> {
                FakeConnection open = last(BROKERS.get(random.nextInt(BROKERS.size())));
                if (open != null) {
                    visit(open.broker.equals(connection.current().endpoint()) ? "blocked by A" : "blocked by B");
                    toReader(open, () -> open.block("low on memory"));
                    if (random.nextInt(4) == 0) {
                        threads.sleep(Duration.ofMillis(1));
                        lose(
                                open.broker,
                                "loss of "
                                        + (open.broker.equals(
                                                        connection.current().endpoint())
                                                ? "A"
                                                : "B"));
                    }
                    toReader(open, () -> {
                        threads.sleep(Duration.ofMillis(20));
                        open.unblock();
                    });
                }
            }
            case 4 -> {
                EndpointKey at = connection.current().endpoint();
                silent = BROKERS.get((BROKERS.indexOf(at) + 1) % BROKERS.size());
                // What was switched to it already fails when it is cut.
                lossy = true;
                closing = true;
                if (random.nextInt(3) == 0) {
                    lose(at, "loss of A");
                }
                threads.sleep(Duration.ofSeconds(8));
                silent = null;
            }
            case 5 -> closeChannel();
            case 6 -> cancelByBroker();
            case 7 -> closeChannelOfMove();
            default -> {
                switch (random.nextInt(3)) {
                    case 0 -> closeConnection();
                    case 1 -> {
                        visit("mover interrupted");
                        threads.interrupt(mover);
                    }
                    default -> {}
                }
            }
        }
    }

    private void closeConnection() throws IOException {
        visit("connection closed by the application");
        ended = true;
        lossy = true;
        closing = true;
        try {
            connection.close();
        } catch (AlreadyClosedException e) {
            // Lost at the same moment: as the plain client.
            coverage.count("close of a connection that is lost");
        }
    }

    private void lose(EndpointKey broker, String event) {
        visit(event);
        lossy = true;
        closing = true;
        for (FakeConnection open : cluster.open(broker)) {
            toReader(open, () -> open.lose(541, "INTERNAL_ERROR"));
        }
    }

    /** Of one that a move has opened, and the application does not use yet. */
    private void closeChannelOfMove() {
        for (FakeConnection open : List.copyOf(cluster.connections)) {
            if (open.isOpen() && !open.broker.equals(connection.current().endpoint()) && !open.channels.isEmpty()) {
                visit("channel closed by B");
                lossy = true;
                closing = true;
                FakeChannel channel = open.channels.firstEntry().getValue();
                toReader(open, () -> channel.closeByBroker(541, "INTERNAL_ERROR - simulated"));
                return;
            }
        }
    }

    private void closeChannel() {
        FakeConnection open = last(connection.current().endpoint());
        if (open != null && !open.channels.isEmpty()) {
            FakeChannel channel = open.channels.firstEntry().getValue();
            visit("channel closed by the broker");
            lossy = true;
            closing = true;
            toReader(open, () -> channel.closeByBroker(406, "PRECONDITION_FAILED - simulated"));
        }
    }

    private void cancelByBroker() {
        for (App app : apps) {
            FakeConnection open = last(connection.current().endpoint());
            FakeChannel raw = open == null ? null : open.channels.get(app.number());
            if (raw != null && app.consumer != null && raw.hasConsumer(app.tag())) {
                visit("consumer cancelled by the broker");
                app.consumer.brokerCancels = true;
                cluster.queues.remove(app.queue);
                forgotten.add(app.queue);
                lossy = true;
                // A consumer that is started at this moment closes its channel.
                closing = true;
                raw.cancelByBroker(app.tag());
                return;
            }
        }
    }

    void visit(String event) {
        if (isPlain) {
            return;
        }
        trace(() -> connection.state() + ": " + event);
        coverage.visit(connection.state(), event);
    }

    private void require(boolean so, String what) {
        if (!so) {
            threads.failed(new AssertionError(what));
        }
    }

    // The application.

    /** One thread with one channel at a time. */
    private final class App {
        final int id;
        final String queue;
        final List<Recorder> consumers = new ArrayList<>();

        @Nullable
        Channel channel;

        @Nullable
        Recorder consumer;

        boolean transactional;
        private List<Long> inTransaction = new ArrayList<>();

        /** Of the channel of now. */
        @Nullable
        Numbers numbers;

        final List<Numbers> all = new ArrayList<>();
        final List<Long> committed = new ArrayList<>();
        final List<Long> doubtful = new ArrayList<>();

        /** What it does, chosen by nothing that moves have a part in, so that it is the same on a plain connection. */
        private final Random own;

        private long published;
        final Observed observed = new Observed();

        App(int id) {
            this.id = id;
            this.queue = "q" + id;
            this.own = new Random((seed + 1) * 0xD1342543DE82EF95L + id);
        }

        int number() {
            Channel known = channel;
            return known == null ? -1 : known.getChannelNumber();
        }

        String tag() {
            return consumer == null ? "" : consumer.tag;
        }

        void run() throws Exception {
            cluster.queue(queue);
            for (int i = 6 + own.nextInt(14); i > 0; i--) {
                try {
                    step();
                } catch (AlreadyClosedException | IOException e) {
                    if (!closing) {
                        throw new AssertionError("the application sees " + e + " although nothing was lost", e);
                    }
                    if (consumer != null && channel != null && !channel.isOpen() && own.nextInt(3) == 0) {
                        visit("consumer cancelled by the application");
                        cancelLost(channel);
                    }
                    channel = client().isOpen() && channel != null && channel.isOpen() ? channel : null;
                    threads.sleep(Duration.ofMillis(50));
                } catch (TimeoutException e) {
                    coverage.count("waitForConfirms timed out");
                }
                if (own.nextInt(3) == 0) {
                    threads.sleep(Duration.ofMillis(own.nextInt(15)));
                }
            }
        }

        private void step() throws Exception {
            Channel open = channel;
            if (open == null) {
                if (client().isOpen()) {
                    observed.did("open");
                    open();
                } else {
                    visit("channel opened");
                    require(closing, "closed without a reason");
                    client().createChannel();
                }
                return;
            }
            switch (own.nextInt(12)) {
                case 0, 1, 2, 3, 4 -> publish(open);
                case 5, 6 -> {
                    if (consumer == null) {
                        consume(open);
                    } else if (own.nextBoolean()) {
                        cancel(open);
                    } else {
                        settle(open);
                    }
                }
                case 7 -> settle(open);
                case 8 -> {
                    if (transactional) {
                        commit(open);
                    } else {
                        confirms(open);
                    }
                }
                case 9 -> declare(open);
                case 10 -> {
                    int count = own.nextInt(4);
                    observed.did("qos " + count);
                    open.basicQos(count);
                }
                default -> {
                    if (own.nextInt(4) == 0) {
                        visit("channel closed by the application");
                        close(open);
                    } else {
                        publish(open);
                    }
                }
            }
        }

        private void close(Channel open) throws Exception {
            observed.did("close");
            lossy = true;
            if (consumer != null) {
                consumer.channelClosed = true;
            }
            channel = null;
            consumer = null;
            doubtful.addAll(inTransaction);
            inTransaction = new ArrayList<>();
            if (numbers != null) {
                numbers.closed = true;
            }
            open.close();
        }

        private void open() throws Exception {
            visit("channel opened");
            Channel opened = client().createChannel();
            opened.addShutdownListener(observed::channelEnded);
            channel = opened;
            consumer = null;
            numbers = null;
            doubtful.addAll(inTransaction);
            inTransaction = new ArrayList<>();
            transactional = own.nextInt(4) == 0;
            if (transactional) {
                opened.txSelect();
            } else if (own.nextInt(3) > 0) {
                Numbers fresh = new Numbers(opened);
                opened.confirmSelect();
                opened.addConfirmListener(fresh);
                numbers = fresh;
                all.add(fresh);
            }
            if (own.nextBoolean()) {
                opened.basicQos(1 + own.nextInt(5));
            }
            if (own.nextInt(4) > 0) {
                consume(opened);
            }
        }

        private void publish(Channel open) throws IOException {
            long message = id * 1_000_000L + ++published;
            observed.did("publish " + message);
            byte[] body = FakeCluster.body(message);
            Numbers known = numbers;
            if (transactional) {
                inTransaction.add(message);
                open.basicPublish("", queue, null, body);
            } else if (known == null) {
                open.basicPublish("", queue, null, body);
            } else {
                long number = open.getNextPublishSeqNo();
                known.published.put(number, message);
                try {
                    open.basicPublish("", queue, null, body);
                } catch (AlreadyClosedException | IOException e) {
                    known.failed.add(number);
                    throw e;
                }
                long after = open.getNextPublishSeqNo();
                require(closing || after == number + 1, "publish number " + after + " follows " + number);
            }
        }

        private void commit(Channel open) throws IOException {
            List<Long> these = inTransaction;
            inTransaction = new ArrayList<>();
            try {
                if (own.nextInt(4) == 0) {
                    observed.did("rollback");
                    open.txRollback();
                    coverage.count("rolled back transactions");
                    forgottenMessages.addAll(these);
                } else {
                    observed.did("commit");
                    open.txCommit();
                    coverage.count("committed transactions");
                    // A loss in its middle is silent to who goes on with the next on a recovered channel.
                    (closing ? doubtful : committed).addAll(these);
                }
            } catch (AlreadyClosedException | IOException e) {
                doubtful.addAll(these);
                throw e;
            }
        }

        /** Rolled back: must be in no queue. */
        final List<Long> forgottenMessages = new ArrayList<>();

        private boolean waitForConfirms(Channel open) throws Exception {
            if (!(open instanceof FakeChannel raw)) {
                return open.waitForConfirms(2000);
            }
            while (raw.unconfirmedCount() > 0 && raw.isOpen()) {
                threads.sleep(Duration.ofMillis(1));
            }
            return true;
        }

        private void confirms(Channel open) throws Exception {
            if (numbers != null) {
                try {
                    observed.did("confirmed: " + waitForConfirms(open));
                } catch (ShutdownSignalException e) {
                    require(closing, "waitForConfirms: " + e);
                }
            }
        }

        private void consume(Channel open) throws IOException {
            if (forgotten.contains(queue)) {
                return;
            }
            Recorder fresh = new Recorder(open, "c" + id + "-" + consumers.size(), own.nextInt(6) == 0);
            fresh.mode = own.nextInt(8);
            observed.did("consume " + fresh.tag);
            consumers.add(fresh);
            consumer = fresh;
            open.basicConsume(queue, fresh.autoAck, fresh.tag, fresh);
            fresh.started = true;
        }

        private void cancel(Channel open) throws IOException {
            Recorder known = consumer;
            observed.did("cancel " + known.tag);
            visit("consumer cancelled by the application");
            visitConsumer(open, known);
            consumer = null;
            known.cancelAsked = true;
            try {
                open.basicCancel(known.tag);
                known.cancelled = true;
            } catch (IOException e) {
                if (!known.brokerCancels) {
                    throw e;
                }
            }
        }

        private void visitConsumer(Channel open, Recorder known) {
            if (!(open instanceof VirtualChannel here)) {
                return;
            }
            for (ConsumerRecord record : here.consumers().all()) {
                if (record.tag().equals(known.tag)) {
                    visit("consumer cancelled by the application when " + record.state());
                }
            }
        }

        private void cancelLost(Channel lost) {
            Recorder known = consumer;
            try {
                known.cancelAsked = true;
                lost.basicCancel(known.tag);
                known.cancelled = true;
                consumer = null;
            } catch (AlreadyClosedException | IOException e) {
                known.cancelAsked = known.cancelled;
                coverage.count("cancels of a lost consumer that were refused");
            }
        }

        private void settle(Channel open) throws IOException {
            Recorder known = consumer;
            boolean all = own.nextInt(3) == 0;
            if (known == null || known.unsettled.isEmpty()) {
                return;
            }
            if (all) {
                Map.Entry<Long, Long> last = known.unsettled.lastEntry();
                if (allRecorded(open, last.getKey())) {
                    acknowledged.addAll(
                            known.unsettled.headMap(last.getKey(), true).values());
                    known.unsettled.headMap(last.getKey(), true).clear();
                    open.basicAck(last.getKey(), true);
                }
            } else {
                Map.Entry<Long, Long> first = known.unsettled.pollFirstEntry();
                acknowledged.add(first.getValue());
                open.basicAck(first.getKey(), false);
            }
        }

        /** Whether no other consumer's message is below it, and none was delivered that no handler has seen. */
        private boolean allRecorded(Channel open, long tag) {
            for (Recorder other : consumers) {
                if (other != consumer
                        && other.channel == open
                        && !other.unsettled.headMap(tag).isEmpty()) {
                    return false;
                }
            }
            return true;
        }

        private void declare(Channel open) throws IOException {
            boolean exclusive = own.nextInt(3) == 0;
            boolean autoDelete = !exclusive && own.nextBoolean();
            visit(exclusive ? "exclusive queue declared" : "queue declared or deleted");
            String name = (exclusive ? "x" : "d") + id + "-" + own.nextInt(2) + (autoDelete ? "-auto" : "");
            boolean deletes = own.nextInt(3) > 0;
            observed.did("declare " + name + (deletes ? " and delete" : ""));
            open.queueDeclare(name, false, exclusive, autoDelete, null);
            require(closing || plain != null || connection.topology().queue(name) != null, "not recorded: " + name);
            require(closing || cluster.queues.containsKey(name), "declared and not there: " + name);
            if (deletes) {
                open.queueDelete(name);
                require(closing || plain != null || connection.topology().queue(name) == null, "recorded: " + name);
            }
        }
    }

    /** What an application observes that does not depend on when it does. */
    private final class Observed {
        private final List<String> script = new ArrayList<>();
        private final List<String> ends = new ArrayList<>();
        private final List<Long> inQueue = new ArrayList<>();
        private final List<String> consumers = new ArrayList<>();
        private final List<String> confirms = new ArrayList<>();

        void did(String what) {
            script.add(what);
        }

        void channelEnded(ShutdownSignalException signal) {
            ends.add(text(signal));
        }

        void enqueued(List<Long> all, App app) {
            for (long one : all) {
                if (one / 1_000_000 == app.id) {
                    inQueue.add(one);
                }
            }
        }

        void ended(App app) {
            for (Recorder one : app.consumers) {
                consumers.add(one.tag + ": " + one.consumeOks + " consume-ok, " + one.cancelOks + " cancel-ok, "
                        + one.cancels + " cancel, shut down " + one.signals);
            }
            for (Numbers one : app.all) {
                if (one.closed) {
                    // Closed by the application, maybe before the broker had confirmed all.
                    continue;
                }
                confirms.add(one.acked.stream().sorted().toList() + " of " + one.published.keySet());
            }
        }

        @Nullable
        String difference(Observed plainly) {
            String here = this + "";
            String there = plainly + "";
            return here.equals(there) ? null : here + System.lineSeparator() + "instead of " + there;
        }

        @Override
        public String toString() {
            return "script " + script + ", enqueued " + inQueue + ", channels ended by " + ends + ", consumers "
                    + consumers + ", confirms " + confirms;
        }
    }

    private static String text(ShutdownSignalException signal) {
        return (signal.isHardError() ? "connection" : "channel")
                + (signal.isInitiatedByApplication() ? " by the application" : " by the broker");
    }

    private final Set<Long> acknowledged = new HashSet<>();
    private final Map<Long, Channel> firstOn = new HashMap<>();
    private final Map<Long, Integer> deliveries = new HashMap<>();

    /** What became of publish numbers. */
    private final class Numbers implements ConfirmListener {
        final Channel channel;
        final TreeMap<Long, Long> published = new TreeMap<>();
        final Set<Long> failed = new HashSet<>();
        final Set<Long> acked = new HashSet<>();
        final Set<Long> told = new HashSet<>();
        boolean closed;
        private long upTo;

        Numbers(Channel channel) {
            this.channel = channel;
        }

        @Override
        public void handleAck(long number, boolean multiple) {
            told(number, multiple, true);
        }

        @Override
        public void handleNack(long number, boolean multiple) {
            require(lossy, "a message is refused although nothing was lost");
            told(number, multiple, false);
        }

        private void told(long number, boolean multiple, boolean ack) {
            if (!published.containsKey(number)) {
                require(false, "a confirm for " + number + " that was never published: " + published.keySet());
                return;
            }
            for (long one = multiple ? upTo + 1 : number; one <= number; one++) {
                if (multiple && told.contains(one)) {
                    continue;
                }
                require(told.add(one), "number " + one + " confirmed twice");
                if (ack) {
                    acked.add(one);
                }
            }
            while (told.contains(upTo + 1)) {
                upTo++;
            }
        }
    }

    /** A consumer that writes down and checks what it is called with. */
    private final class Recorder extends DefaultConsumer {
        final Channel channel;
        final String tag;
        final boolean autoAck;
        final TreeMap<Long, Long> unsettled = new TreeMap<>();
        boolean started;
        boolean cancelAsked;
        boolean cancelled;
        boolean brokerCancels;
        boolean channelClosed;
        int mode;
        private int consumeOks;
        private int cancelOks;
        private int cancels;
        private int shutdowns;
        private final List<String> signals = new ArrayList<>();
        private long lastFresh;
        private boolean inside;

        Recorder(Channel channel, String tag, boolean autoAck) {
            super(channel);
            this.channel = channel;
            this.tag = tag;
            this.autoAck = autoAck;
        }

        @Override
        public void handleConsumeOk(String consumerTag) {
            consumeOks++;
            trace(() -> tag + " consume-ok");
            require(lossy || consumeOks == 1, "consume-ok twice");
        }

        @Override
        public void handleCancelOk(String consumerTag) {
            cancelOks++;
            trace(() -> tag + " cancel-ok");
            require(cancelAsked, "a cancel-ok that the application did not ask for");
            require(cancelOks == 1, "cancel-ok twice");
            require(!inside || lossy, "cancel-ok while a delivery is handled");
        }

        @Override
        public void handleCancel(String consumerTag) {
            cancels++;
            require(brokerCancels || forgotten.size() > 0, "a cancel by the broker that was none");
            require(cancels == 1, "cancel twice");
        }

        @Override
        public void handleShutdownSignal(String consumerTag, ShutdownSignalException signal) {
            shutdowns++;
            signals.add(text(signal));
            require(closing || lossy, "a consumer is shut down although nothing was lost: " + signal);
        }

        @Override
        public void handleDelivery(String consumerTag, Envelope envelope, AMQP.BasicProperties properties, byte[] body)
                throws IOException {
            // After a recovery the one of before may still run, as with the plain client.
            require(!inside || lossy, "two handlers of one consumer at once");
            inside = true;
            try {
                delivered(envelope, FakeCluster.number(body));
            } catch (AlreadyClosedException | IOException e) {
                require(closing || lossy, "a handler sees " + e + " although nothing was lost");
            } finally {
                inside = false;
            }
        }

        private void delivered(Envelope envelope, long message) throws IOException {
            long seen = envelope.getDeliveryTag();
            trace(() -> tag + " delivery " + seen + ": message " + message);
            require(consumeOks > 0, "a delivery before consume-ok");
            // Cancelled as the connection is lost, it may be told so before what came just before is handled.
            require((cancelOks == 0 && cancels == 0) || closing, "a delivery after the consumer's end");
            tagSeen(channel, seen, autoAck);
            int times = deliveries.merge(message, 1, Integer::sum);
            require(times == 1 || lossy, "message " + message + " delivered twice although nothing was lost");
            // Of a channel that was closed, the first delivery may be handled after the second of another one.
            boolean here = firstOn.putIfAbsent(message, channel) == channel;
            require(!here || envelope.isRedeliver(), "message " + message + " comes again as if for the first time");
            if (!lossy) {
                int at = cluster.enqueued.indexOf(message);
                require(at >= lastFresh, "delivered out of order");
                lastFresh = at;
            }
            if (autoAck) {
                acknowledged.add(message);
                return;
            }
            unsettled.put(seen, message);
            switch (mode) {
                case 0, 1, 2, 3, 4 -> ack(seen);
                case 5 -> {
                    if (!isPlain && connection.state() == VirtualConnection.State.MOVING) {
                        visit("handler blocks");
                    }
                    threads.sleep(Duration.ofMillis(random.nextInt(60)));
                    ack(seen);
                }
                case 6 -> {
                    threads.pause();
                    visit("handler throws");
                    ack(seen);
                    throw new IllegalStateException(io.evenkeel.FaultInjector.MESSAGE);
                }
                default -> {
                    // Left to the application's thread.
                }
            }
        }

        private void ack(long seen) throws IOException {
            Long message = unsettled.remove(seen);
            if (message != null) {
                acknowledged.add(message);
                channel.basicAck(seen, false);
            }
        }
    }

    private final Map<Channel, Long> lastTags = new HashMap<>();

    private void tagSeen(Channel channel, long tag, boolean autoAck) {
        if (lossy && autoAck) {
            // What the broker takes for acknowledged is handled after a loss, too, maybe after what comes next.
            return;
        }
        long last = lastTags.getOrDefault(channel, 0L);
        require(lossy ? tag > last : tag == last + 1, "delivery tag " + tag + " after " + last);
        lastTags.put(channel, tag);
    }

    // The end.

    private void quiesce() {
        apps.forEach(app -> app.observed.enqueued(cluster.enqueued, app));
        if (isPlain) {
            checkLedger();
            return;
        }
        if (connection.state() == VirtualConnection.State.OPEN && !ended) {
            checkBroker();
        } else {
            require(ended, "at the end the connection is " + connection.state());
        }
        checkLedger();
    }

    private void checkBroker() {
        Link current = connection.current();
        require(blocked.get() == (current.blockedFor() != null), "blocked and unblocked are not in pairs");
        checkRecords();
        checkLinks(current);
        for (App app : apps) {
            if (!(app.channel instanceof VirtualChannel channel) || !channel.isOpen()) {
                continue;
            }
            checkDrained(app, channel);
            for (Recorder consumer : app.consumers) {
                boolean lives = consumer.started
                        && consumer.channel == channel
                        && !consumer.cancelAsked
                        && consumer.cancels == 0;
                long there = subscriptions(consumer.tag);
                if (lives && !forgotten.contains(app.queue)) {
                    require(there == 1, consumer.tag + " consumes " + there + " times");
                } else if (consumer.cancelAsked || consumer.cancels > 0) {
                    require(there == 0, consumer.tag + " is cancelled and consumes " + there + " times");
                    require(
                            consumer.brokerCancels || lossy || consumer.cancelOks == 1,
                            consumer.tag + " was not told cancel-ok");
                }
            }
            require(
                    channel.receivingOn() == channel.sendingOn()
                            || channel.publisher().unconfirmed() >= 0,
                    "two sides");
        }
    }

    /** A consumer that settles everything at once leaves nothing. */
    private void checkDrained(App app, VirtualChannel channel) {
        Recorder last = app.consumer;
        boolean settlesAll = last != null
                && last.started
                && last.cancels == 0
                && (last.autoAck || last.mode < 7)
                && app.consumers.stream().noneMatch(one -> one.channel == channel && !one.unsettled.isEmpty());
        if (settlesAll && !forgotten.contains(app.queue)) {
            require(cluster.queues.get(app.queue).isEmpty(), "left in the queue beside " + last.tag);
            coverage.count("queues that are drained at the end");
        }
    }

    /** What is recorded is there, and what is there is recorded. */
    private void checkRecords() {
        Set<String> recorded = new HashSet<>();
        connection.topology().queues().forEach(queue -> recorded.add(queue.name()));
        for (String queue : recorded) {
            // What an application declares on a channel that could not go back from B goes with B, as the table says.
            require(cluster.queues.containsKey(queue) || stayed || refused, "recorded and not there: " + queue);
        }
        for (String queue : cluster.queues.keySet()) {
            require(queue.startsWith("q") || recorded.contains(queue) || closing, "there and not recorded: " + queue);
        }
    }

    /** Another link is only open while something on it is unsettled, or a channel could not go back from it. */
    private void checkLinks(Link current) {
        for (FakeConnection open : cluster.connections) {
            if (open.isOpen() && open != current.connection()) {
                boolean needed = connection.links().all().stream()
                        .anyMatch(link ->
                                link.connection() == open && connection.links().isUsed(link));
                needed |= open.channels.values().stream().anyMatch(channel -> channel.unackedCount() > 0);
                require(needed, "left open beside the current one: the connection to " + open.broker);
            }
        }
    }

    private long subscriptions(String tag) {
        return cluster.connections.stream()
                .filter(FakeConnection::isOpen)
                .flatMap(open -> open.channels.values().stream())
                .filter(raw -> raw.hasConsumer(tag))
                .count();
    }

    private void checkLedger() {
        Set<Long> enqueued = new HashSet<>(cluster.enqueued);
        require(enqueued.size() == cluster.enqueued.size(), "a message was published twice");
        for (long one : cluster.acknowledged) {
            require(
                    acknowledged.contains(one),
                    "the broker has an ack of " + one + " that the application did not send");
        }
        if (!lossy) {
            for (long one : acknowledged) {
                require(
                        cluster.acknowledged.contains(one) || deliveredWithoutAck(one),
                        "the ack of " + one + " did not reach the broker");
            }
        }
        for (App app : apps) {
            checkLedger(app, enqueued);
        }
        checkOrder();
    }

    private boolean deliveredWithoutAck(long message) {
        return deliveries.getOrDefault(message, 0) > 0
                && apps.stream().flatMap(app -> app.consumers.stream()).anyMatch(consumer -> consumer.autoAck);
    }

    private void checkLedger(App app, Set<Long> enqueued) {
        if (forgotten.contains(app.queue)) {
            return;
        }
        for (long one : app.committed) {
            require(enqueued.contains(one), "committed and lost: " + one);
        }
        for (long one : app.forgottenMessages) {
            require(closing || !enqueued.contains(one), "rolled back and published: " + one);
        }
        for (Numbers numbers : app.all) {
            for (long number : numbers.acked) {
                require(enqueued.contains(numbers.published.get(number)), "confirmed and lost: " + number);
            }
            if (!numbers.closed && numbers.channel.isOpen()) {
                for (long number : numbers.published.keySet()) {
                    require(
                            numbers.told.contains(number) || numbers.failed.contains(number),
                            "number " + number + " is never confirmed nor refused");
                }
            }
        }
    }

    /** Each application publishes with one thread to one queue, with growing numbers. */
    private void checkOrder() {
        for (App app : apps) {
            for (Numbers numbers : app.all) {
                int last = -1;
                for (long message : numbers.published.values()) {
                    int at = cluster.enqueued.indexOf(message);
                    require(at < 0 || at > last, "published out of order: " + message);
                    last = at < 0 ? last : at;
                }
            }
        }
    }

    private void end() throws Exception {
        if (plain != null) {
            closing = true;
            plain.close();
            return;
        }
        closeConnection();
        closeConnection();
        visit("channel opened");
        try {
            connection.createChannel();
            require(false, "a closed connection opens channels");
        } catch (AlreadyClosedException e) {
            coverage.count("createChannel after close");
        }
    }

    private void checkClosed() {
        for (FakeConnection any : cluster.connections) {
            if (any.isOpen()) {
                throw new AssertionError("left open: the connection to " + any.broker);
            }
        }
        for (App app : apps) {
            app.consumers.forEach(Simulation::checkEnd);
            app.observed.ended(app);
        }
    }

    /** Each consumer gets one end: what the application asked for, or the broker; else it was shut down with its channel. */
    private static void checkEnd(Recorder consumer) {
        int ends = consumer.cancelOks + consumer.cancels;
        if (ends > 1 || (ends == 0 && consumer.cancelled)) {
            throw new AssertionError(consumer.tag + " was cancelled and told so " + ends + " times");
        }
        if (ends == 0 && consumer.started && consumer.shutdowns == 0) {
            throw new AssertionError(consumer.tag + " was neither cancelled nor shut down, and its channel is closed");
        }
    }

    int moved() {
        return moved;
    }

    // ConnectionHost and the wire.

    @Override
    public void toWorker(FakeChannel channel, FakeChannel.Work work) {
        threads.actor(channel, "worker").submit(() -> FakeChannel.guarded(work));
    }

    @Override
    public void toReader(FakeConnection open, FakeChannel.Work work) {
        threads.actor(open, "reader").submit(work::run);
    }

    @Override
    public void inBackground(Runnable task) {
        threads.start("background", task::run);
    }

    @Override
    public void linkOpened(EndpointKey endpoint, Duration took) {}

    @Override
    public void linkClosed(EndpointKey endpoint) {}

    @Override
    public void lost(VirtualConnection lost, EndpointKey endpoint, Throwable cause) {
        lossy = true;
        closing = true;
        if (lost.current().blockedFor() != null) {
            visit("blocked by A");
        }
        if (random.nextInt(12) == 0) {
            threads.start("closer", this::closeConnection);
        }
        threads.start("recovery", () -> recover(BROKERS.indexOf(endpoint)));
    }

    private void recover(int lostAt) throws Exception {
        for (int attempt = 0; attempt < 200; attempt++) {
            threads.sleep(Duration.ofMillis(random.nextInt(100)));
            if (connection.state() != VirtualConnection.State.RECOVERING) {
                return;
            }
            Link link = null;
            try {
                link = connection.links().dial(BROKERS.get((lostAt + 1 + attempt) % BROKERS.size()), true);
                connection.recover(link);
                coverage.count("recoveries");
                return;
            } catch (IOException | TimeoutException | ShutdownSignalException e) {
                coverage.count("recoveries that failed");
                if (link != null) {
                    connection.leave(link);
                }
            }
        }
        require(false, "not recovered");
    }

    @Override
    public void closed(VirtualConnection closed, EndpointKey endpoint, boolean hadLink) {}

    @Override
    public void publisherPaused(Duration pause) {}

    @Override
    public void consumerGap(Duration gap) {}

    @Override
    public long nanos() {
        return threads.now();
    }

    @Override
    public Condition condition(ReentrantLock lock) {
        return threads.condition(lock);
    }

    @Override
    public Guard guard() {
        return guard;
    }

    @Override
    public Scheduler.Cancellable after(Duration delay, Runnable task) {
        return threads.after(delay, task);
    }
}
