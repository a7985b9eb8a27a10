package io.evenkeel.benchmarks;

import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** So many unary calls in flight at a time: each one that is answered sends the next. */
final class CallWindow {
    private static final long LONGEST_NANOS = 10_000_000_000L;
    private static final int DIGITS = 2;
    private static final byte[] DATA = new byte[64];

    private final ManagedChannel channel;
    private final List<Slot> slots = new ArrayList<>();
    private final AtomicLong left = new AtomicLong();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private volatile CountDownLatch busy = new CountDownLatch(0);

    CallWindow(int width, ManagedChannel channel) {
        this.channel = channel;
        for (int i = 0; i < width; i++) {
            slots.add(new Slot());
        }
    }

    /** Sends so many and waits for all answers. The first failure ends it. */
    void send(int count) throws InterruptedException {
        left.set(count);
        busy = new CountDownLatch(slots.size());
        slots.forEach(Slot::next);
        busy.await();
        Throwable cause = failure.get();
        if (cause != null) {
            throw new IllegalStateException("a call failed", cause);
        }
    }

    /** Nanoseconds since the last call. */
    long takePercentile(double percent) {
        Histogram all = new Histogram(LONGEST_NANOS, DIGITS);
        slots.forEach(slot -> {
            all.add(slot.latency);
            slot.latency.reset();
        });
        return all.getValueAtPercentile(percent);
    }

    /** One call after another; never two at a time, so its histogram needs no lock. */
    private final class Slot implements StreamObserver<byte[]> {
        private final Histogram latency = new Histogram(LONGEST_NANOS, DIGITS);
        private long began;

        void next() {
            if (left.decrementAndGet() < 0 || failure.get() != null) {
                busy.countDown();
                return;
            }
            began = System.nanoTime();
            ClientCalls.asyncUnaryCall(channel.newCall(GrpcServers.ECHO, CallOptions.DEFAULT), DATA, this);
        }

        @Override
        public void onNext(byte[] answer) {
            // what counts is that the call has ended
        }

        @Override
        public void onError(Throwable cause) {
            failure.compareAndSet(null, cause);
            busy.countDown();
        }

        @Override
        public void onCompleted() {
            latency.recordValue(Math.min(LONGEST_NANOS, System.nanoTime() - began));
            next();
        }
    }
}
