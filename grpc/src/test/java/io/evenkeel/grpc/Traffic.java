package io.evenkeel.grpc;

import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Unary calls at a steady rate, which don't wait for one another. Numbered from 1 in the order they begin. */
final class Traffic implements AutoCloseable {

    /** Of calls in flight, where the machine is slower than the rate: the rate then is what it can do. */
    private static final int MOST_IN_FLIGHT = 4_000;

    /** A call that was not answered, or not with OK. */
    record Failure(long call, Status status) {}

    private final ManagedChannel channel;
    private final Duration deadline;
    private final int perMilli;
    private final ScheduledExecutorService sender = Executors.newSingleThreadScheduledExecutor();
    private final AtomicLong begun = new AtomicLong();
    private final AtomicInteger inFlight = new AtomicInteger();
    private final Map<String, AtomicLong> answered = new ConcurrentHashMap<>();
    private final Queue<Failure> failures = new ConcurrentLinkedQueue<>();
    private final long started = System.nanoTime();

    /**
     * @param perSecond calls, in thousands
     * @param deadline of each
     */
    Traffic(ManagedChannel channel, int perSecond, Duration deadline) {
        this.channel = channel;
        this.deadline = deadline;
        this.perMilli = perSecond / 1_000;
        sender.scheduleAtFixedRate(this::sendSome, 0, 1, TimeUnit.MILLISECONDS);
    }

    private void sendSome() {
        for (int i = 0; i < perMilli && inFlight.get() < MOST_IN_FLIGHT; i++) {
            inFlight.incrementAndGet();
            send(begun.incrementAndGet());
        }
    }

    private void send(long number) {
        CallOptions options = CallOptions.DEFAULT.withDeadlineAfter(deadline.toNanos(), TimeUnit.NANOSECONDS);
        ClientCalls.asyncUnaryCall(channel.newCall(PodServer.ECHO, options), "?", new StreamObserver<>() {
            private @Nullable String pod;

            @Override
            public void onNext(String answer) {
                pod = answer;
            }

            @Override
            public void onError(Throwable failure) {
                ended(new Failure(number, Status.fromThrowable(failure)));
            }

            @Override
            public void onCompleted() {
                if (pod != null) {
                    answered.computeIfAbsent(pod, name -> new AtomicLong()).incrementAndGet();
                }
                ended(pod == null ? new Failure(number, Status.INTERNAL.withDescription("no answer")) : null);
            }
        });
    }

    private void ended(@Nullable Failure failure) {
        if (failure != null) {
            failures.add(failure);
        }
        inFlight.decrementAndGet();
    }

    /** How many calls have begun. */
    long begun() {
        return begun.get();
    }

    /** Lets so many more calls begin. */
    void goOnFor(long calls) {
        long until = begun.get() + calls;
        Bed.await(() -> begun.get() >= until);
    }

    long answeredBy(PodServer pod) {
        AtomicLong count = answered.get(pod.name);
        return count == null ? 0 : count.get();
    }

    List<Failure> failures() {
        return List.copyOf(failures);
    }

    /** Begins no more calls, and waits until all have ended. */
    void finish(String what) {
        long took = System.nanoTime() - started;
        sender.shutdown();
        Bed.await(() -> sender.isTerminated() && inFlight.get() == 0);
        Map<String, AtomicLong> byPod = new TreeMap<>(answered);
        System.out.printf(
                "%s: %d calls in %d ms, %d failed, answers %s%n",
                what, begun.get(), TimeUnit.NANOSECONDS.toMillis(took), failures.size(), byPod);
    }

    @Override
    public void close() {
        sender.shutdownNow();
    }
}
