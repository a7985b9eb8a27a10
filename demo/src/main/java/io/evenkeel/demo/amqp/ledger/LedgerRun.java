package io.evenkeel.demo.amqp.ledger;

import com.rabbitmq.client.Connection;
import com.rabbitmq.client.Recoverable;
import com.rabbitmq.client.RecoveryListener;
import com.rabbitmq.client.ShutdownNotifier;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Sends and receives over two connections, one for the producers and one for the consumers as Spring does it, until it
 * is finished. Its queues are its own. {@link #move} and {@link #finish} are for one thread.
 */
public final class LedgerRun implements AutoCloseable {
    // what a window reaches beyond the move itself: what the application feels of it comes a little later
    private static final long AFTER_MOVE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
    private static final long QUIET_NANOS = TimeUnit.SECONDS.toNanos(3);
    private static final long FINISH_TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final long POLL_MILLIS = 20;
    private static final int CLOSE_TIMEOUT_MILLIS = 5_000;

    private final AmqpClient client;
    private final MessageLedger ledger;
    private final Connection sending;
    private final Connection receiving;
    private final List<Producer> producers = new ArrayList<>();
    private final List<Subscriber> subscribers = new ArrayList<>();
    private final List<Spans> pauses = new ArrayList<>();
    private final List<Spans> gaps = new ArrayList<>();
    private final List<Window> moves = new ArrayList<>();
    private final List<Window> rests = new ArrayList<>();
    private volatile boolean closing;

    private LedgerRun(AmqpClient client, LedgerPlan plan) throws IOException, TimeoutException {
        this.client = client;
        ledger = new MessageLedger(plan.lanes());
        sending = client.connect("ledger-producers");
        receiving = client.connect("ledger-consumers");
    }

    /**
     * Declares the queues, subscribes and begins to send.
     *
     * @param name what the queues' names begin with; no queue may have such a name yet
     */
    public static LedgerRun start(String name, LedgerPlan plan, AmqpClient client)
            throws IOException, TimeoutException {
        LedgerRun run = new LedgerRun(client, plan);
        try {
            run.prepare(name, plan);
            return run;
        } catch (IOException | RuntimeException e) {
            run.closing = true;
            client.close();
            throw e;
        }
    }

    private void prepare(String name, LedgerPlan plan) throws IOException {
        watch(sending, "connection of the producers");
        watch(receiving, "connection of the consumers");
        for (int lane = 0; lane < plan.lanes(); lane++) {
            String queue = name + "-" + lane;
            pauses.add(new Spans());
            gaps.add(new Spans());
            Producer producer = new Producer(lane, queue, sending, plan, ledger, pauses.get(lane));
            Subscriber subscriber = new Subscriber(receiving, plan, ledger, gaps.get(lane), () -> closing);
            watch(producer.channel(), "channel of a producer");
            watch(subscriber.channel(), "channel of a consumer");
            subscriber.subscribe(queue, plan.kind());
            producers.add(producer);
            subscribers.add(subscriber);
        }
        producers.forEach(Producer::start);
    }

    /** How it stands at this moment. */
    public LedgerReport report() {
        return ledger.report();
    }

    public Connection sending() {
        return sending;
    }

    public Connection receiving() {
        return receiving;
    }

    /**
     * Moves both connections once, and looks at as long a time without a move first, to know what is no fault of it.
     */
    public void move(Way way) throws IOException, InterruptedException {
        long rested = System.nanoTime();
        TimeUnit.MILLISECONDS.sleep(200);
        rests.add(new Window(rested, System.nanoTime()));
        Window move = way.move();
        TimeUnit.NANOSECONDS.sleep(AFTER_MOVE_NANOS);
        moves.add(move.until(System.nanoTime()));
    }

    /**
     * Stops sending and waits until every message is confirmed and has arrived, or nothing has happened for three
     * seconds. It doesn't close the connections.
     */
    public LedgerReport finish() throws InterruptedException {
        for (Producer producer : producers) {
            producer.stop();
        }
        long began = System.nanoTime();
        long quietSince = began;
        long entries = ledger.entries();
        while (!ledger.report().isComplete()
                && System.nanoTime() - quietSince < QUIET_NANOS
                && System.nanoTime() - began < FINISH_TIMEOUT_NANOS) {
            TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
            if (ledger.entries() != entries) {
                entries = ledger.entries();
                quietSince = System.nanoTime();
            }
        }
        // a repetition comes after the message that it repeats
        TimeUnit.MILLISECONDS.sleep(300);
        return ledger.report();
    }

    /** How long {@code basicPublish} took at most, move by move and lane by lane. */
    public Pauses publisherPauses() {
        return pausesOf(pauses, moves);
    }

    /** How long no message came at most, move by move and lane by lane. */
    public Pauses consumerGaps() {
        return pausesOf(gaps, moves);
    }

    /** What {@link #publisherPauses} would be if nothing moved: the machine's own share of it. */
    public Pauses restingPublisherPauses() {
        return pausesOf(pauses, rests);
    }

    /** What {@link #consumerGaps} would be if nothing moved. */
    public Pauses restingConsumerGaps() {
        return pausesOf(gaps, rests);
    }

    private static Pauses pausesOf(List<Spans> lanes, List<Window> windows) {
        return Pauses.of(windows.stream()
                .flatMap(window -> lanes.stream().map(lane -> lane.longest(window)))
                .mapToLong(Long::longValue));
    }

    @Override
    public void close() {
        closing = true;
        try {
            for (Producer producer : producers) {
                producer.stop();
            }
            for (Producer producer : producers) {
                producer.deleteQueue();
            }
            sending.close(CLOSE_TIMEOUT_MILLIS);
            receiving.close(CLOSE_TIMEOUT_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException | RuntimeException brokenAlready) {
            // what was to be proved has been proved; the brokers are thrown away
        } finally {
            client.close();
        }
    }

    private void watch(ShutdownNotifier notifier, String what) {
        notifier.addShutdownListener(signal -> notice("shutdown of the " + what));
        if (notifier instanceof Recoverable recoverable) {
            recoverable.addRecoveryListener(new RecoveryListener() {
                @Override
                public void handleRecovery(Recoverable recovered) {
                    notice("recovery of the " + what);
                }

                @Override
                public void handleRecoveryStarted(Recoverable recovering) {
                    // counted when it has ended
                }
            });
        }
    }

    private void notice(String what) {
        if (!closing) {
            ledger.callback(what);
        }
    }
}
