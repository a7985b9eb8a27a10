package io.evenkeel.demo.grpc;

import io.evenkeel.demo.contest.Entrant;
import io.evenkeel.demo.contest.OpenLoad;
import io.evenkeel.demo.contest.Sender;
import io.evenkeel.demo.contest.Tally;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

/** One contender over one cluster, under load. Made, used and closed by one thread. */
final class GrpcTrial implements Entrant, AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    private final GrpcContender contender;
    private final GrpcCluster cluster;
    private final ManagedChannel channel;
    private final OpenLoad load;
    private final AtomicInteger streamsOpen = new AtomicInteger();
    private final AtomicInteger streamsCompleted = new AtomicInteger();

    /** Takes the cluster over. */
    GrpcTrial(GrpcContender contender, GrpcCluster cluster, int perSecond) {
        this.contender = contender;
        this.cluster = cluster;
        this.channel = contender.channel(cluster);
        this.load = OpenLoad.start(this::send, perSecond);
    }

    @Override
    public String title() {
        return contender.title();
    }

    @Override
    public Tally phase() {
        return load.nextPhase();
    }

    boolean isSteady() {
        return load.isSteady();
    }

    GrpcCluster cluster() {
        return cluster;
    }

    int streamsCompleted() {
        return streamsCompleted.get();
    }

    /** Whether every stream has completed or failed. */
    boolean streamsEnded() {
        return streamsOpen.get() == 0;
    }

    private Runnable send(Sender.Outcome outcome) {
        ClientCall<String, String> call = channel.newCall(OrdersService.PLACE, CallOptions.DEFAULT);
        ClientCalls.asyncUnaryCall(call, "x", new StreamObserver<>() {
            @Override
            public void onNext(String pod) {
                outcome.answered(pod);
            }

            @Override
            public void onError(Throwable failure) {
                outcome.failed(failure);
            }

            @Override
            public void onCompleted() {
                outcome.failed(new IllegalStateException("completed without an answer"));
            }
        });
        return () -> call.cancel("never answered", null);
    }

    /** Counts as completed if all elements arrive. */
    void stream(int elements, int periodMillis) {
        streamsOpen.incrementAndGet();
        AtomicInteger left = new AtomicInteger(elements);
        ClientCall<String, String> call = channel.newCall(OrdersService.WATCH, CallOptions.DEFAULT);
        ClientCalls.asyncServerStreamingCall(call, elements + "@" + periodMillis, new StreamObserver<>() {
            @Override
            public void onNext(String pod) {
                left.decrementAndGet();
            }

            @Override
            public void onError(Throwable failure) {
                // it isn't counted as completed
                streamsOpen.decrementAndGet();
            }

            @Override
            public void onCompleted() {
                streamsCompleted.addAndGet(left.get() == 0 ? 1 : 0);
                streamsOpen.decrementAndGet();
            }
        });
    }

    /** Ends the load, so that every call is answered or has failed. */
    void finish() throws InterruptedException {
        load.finish(PATIENCE);
    }

    @Override
    public void close() {
        load.close();
        channel.shutdownNow();
        cluster.close();
    }
}
