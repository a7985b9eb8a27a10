package io.evenkeel.amqp;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ConfirmListener;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.Envelope;
import com.rabbitmq.client.ShutdownSignalException;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.spi.EndpointConnections.MoveOutcome;
import io.evenkeel.spi.Guard;
import io.evenkeel.time.ManualScheduler;
import io.evenkeel.time.Scheduler;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/** One virtual connection over a {@link FakeCluster}, and an application that writes down what it sees. */
final class ConnectionBed implements ConnectionHost {

    static final EndpointKey A = FakeCluster.broker("a");
    static final EndpointKey B = FakeCluster.broker("b");
    static final EndpointKey C = FakeCluster.broker("c");

    final FakeCluster cluster = new FakeCluster();
    final FakeCluster.FakeDialer dialer = (FakeCluster.FakeDialer) cluster.dialer();
    final List<String> told = new ArrayList<>();
    final VirtualConnection connection;
    /** Every attempt of a move to switch publishers. */
    final List<Duration> paused = new java.util.concurrent.CopyOnWriteArrayList<>();
    /** For how long a move kept a channel's consumers stopped. */
    final List<Duration> gaps = new java.util.concurrent.CopyOnWriteArrayList<>();
    /** Runs after each attempt to switch publishers, on the mover's thread. */
    Runnable onPaused = () -> {};
    /** Runs as soon as the link to B is the one in use, before the move or recovery knows. */
    Runnable onLinkInUse = () -> {};

    /** Time passes by being looked at, so that no deadline depends on how busy the machine is. */
    private static final long LOOK_NANOS = 200_000;

    /** How often a thread that waits looks at what others did. */
    private static final long WAIT_NANOS = 1_000_000;

    private final AtomicLong clock = new AtomicLong();
    /**
     * What others do while a thread waits, if a test has one thread only: then a wait takes the time that it waits for,
     * and no longer. Null: threads wait for each other.
     */
    Runnable whileWaiting;

    private final List<Step> script = new ArrayList<>();

    private record Step(BooleanSupplier so, Action action) {}

    /** What the application, or a broker, does at some moment. */
    interface Action {
        void run() throws Exception;
    }

    /** Holds background tasks back, such as the closing of links; else they run at once. */
    boolean holdBackground;

    /** Runs what is due only when a test advances it. */
    final ManualScheduler timers = new ManualScheduler();

    private final Guard guard = new Guard("test");
    private final Deque<Runnable> background = new ArrayDeque<>();

    ConnectionBed() throws Exception {
        connection = VirtualConnection.open(dialer, this, A);
    }

    VirtualChannel channel() throws IOException {
        return (VirtualChannel) connection.createChannel();
    }

    FakeChannel raw(EndpointKey broker, int number) {
        return cluster.open(broker).get(0).channels.get(number);
    }

    MoveOutcome move(EndpointKey to) {
        return new Move(connection, to, false, dialer.moveDeadline).run();
    }

    MoveOutcome forced(EndpointKey to) {
        return new Move(connection, to, true, Duration.ofSeconds(5)).run();
    }

    EndpointKey at() {
        return connection.current().endpoint();
    }

    void runBackground() {
        for (Runnable task = background.poll(); task != null; task = background.poll()) {
            task.run();
        }
    }

    // What happens at a moment of a test's choice.

    /** Does it once, as soon as it is so and a thread waits for something; from now on waits take the test's time. */
    void when(BooleanSupplier so, Action action) {
        script.add(new Step(so, action));
        whileWaiting = this::play;
    }

    private void play() {
        for (Step step : List.copyOf(script)) {
            if (step.so().getAsBoolean()) {
                script.remove(step);
                try {
                    perform(step.action());
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }
    }

    /** Whether every step that was to be done has been. */
    boolean isPlayed() {
        return script.isEmpty();
    }

    /** Does it once, when a broker is asked for this for the first time. */
    void at(EndpointKey where, String operation, Action action) {
        cluster.fault = (broker, what) -> {
            if (broker.equals(where) && what.equals(operation)) {
                cluster.fault = (any, thing) -> {};
                perform(action);
            }
        };
    }

    private static void perform(Action action) throws IOException {
        try {
            action.run();
        } catch (IOException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** Writes down every callback, and what it delivers. */
    final class Recorder extends DefaultConsumer {
        final List<Long> tags = new ArrayList<>();
        final List<Long> messages = new ArrayList<>();
        final List<Long> redelivered = new ArrayList<>();
        boolean acks;

        Recorder(Channel channel) {
            super(channel);
        }

        @Override
        public void handleConsumeOk(String tag) {
            told.add("consumeOk " + tag);
        }

        @Override
        public void handleCancelOk(String tag) {
            told.add("cancelOk " + tag);
        }

        @Override
        public void handleCancel(String tag) {
            told.add("cancel " + tag);
        }

        @Override
        public void handleShutdownSignal(String tag, ShutdownSignalException signal) {
            told.add("consumer shutdown " + tag);
        }

        @Override
        public void handleDelivery(String tag, Envelope envelope, AMQP.BasicProperties properties, byte[] body)
                throws IOException {
            tags.add(envelope.getDeliveryTag());
            messages.add(FakeCluster.number(body));
            if (envelope.isRedeliver()) {
                redelivered.add(FakeCluster.number(body));
            }
            if (acks) {
                getChannel().basicAck(envelope.getDeliveryTag(), false);
            }
        }
    }

    Recorder consume(Channel channel, String queue) throws IOException {
        cluster.queue(queue);
        Recorder recorder = new Recorder(channel);
        channel.basicConsume(queue, false, "tag-" + queue, recorder);
        return recorder;
    }

    /** What a channel in confirm mode is told, refusals as negative numbers. */
    static List<Long> confirmed(VirtualChannel channel) throws IOException {
        List<Long> numbers = new ArrayList<>();
        channel.confirmSelect();
        channel.addConfirmListener(new ConfirmListener() {
            @Override
            public void handleAck(long number, boolean multiple) {
                numbers.add(number);
            }

            @Override
            public void handleNack(long number, boolean multiple) {
                numbers.add(-number);
            }
        });
        return numbers;
    }

    // ConnectionHost.

    @Override
    public void inBackground(Runnable task) {
        if (holdBackground) {
            background.add(task);
        } else {
            task.run();
        }
    }

    @Override
    public void linkOpened(EndpointKey endpoint, Duration took) {}

    @Override
    public void linkClosed(EndpointKey endpoint) {
        told.add("link closed " + endpoint.identity());
    }

    @Override
    public void lost(VirtualConnection lost, EndpointKey endpoint, Throwable cause) {
        told.add("lost " + endpoint.identity());
    }

    @Override
    public void closed(VirtualConnection closed, EndpointKey endpoint, boolean hadLink) {
        told.add("closed " + hadLink);
    }

    @Override
    public void publisherPaused(Duration pause) {
        paused.add(pause);
        onPaused.run();
    }

    @Override
    public void consumerGap(Duration gap) {
        gaps.add(gap);
    }

    @Override
    public long nanos() {
        onLinkInUse();
        return clock.addAndGet(LOOK_NANOS);
    }

    @Override
    public Condition condition(ReentrantLock lock) {
        return new ScriptedCondition(lock.newCondition(), () -> whileWaiting != null, this::waited, () -> {});
    }

    private long waited(long nanos) {
        long step = Math.min(nanos, WAIT_NANOS);
        elapse(Duration.ofNanos(step));
        whileWaiting.run();
        return nanos - step;
    }

    /** Between a link's becoming the one in use and what follows, its age is noted. */
    private void onLinkInUse() {
        VirtualConnection known = connection;
        if (known != null && known.current().endpoint().equals(B)) {
            onLinkInUse.run();
        }
    }

    /** How often the time was looked at, if no time was let pass. */
    long looks() {
        return clock.get() / LOOK_NANOS;
    }

    /** Lets time pass, with all that is due then. */
    void elapse(Duration by) {
        clock.addAndGet(by.toNanos());
        timers.advance(by);
    }

    @Override
    public Guard guard() {
        return guard;
    }

    @Override
    public Scheduler.Cancellable after(Duration delay, Runnable task) {
        return timers.schedule(delay, task);
    }
}
