package io.evenkeel.rsocket;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointSet;
import io.evenkeel.endpoint.InvalidTargetException;
import io.evenkeel.endpoint.Target;
import io.evenkeel.watch.EndpointWatchers;
import io.evenkeel.watch.Subscription;
import io.evenkeel.watch.WatchSnapshot;
import io.evenkeel.watch.WatcherConfig;
import io.rsocket.loadbalance.LoadbalanceTarget;
import io.rsocket.transport.ClientTransport;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;

/**
 * The Pods behind a target, as the list that rsocket-java's own load balancer takes: for those who use
 * {@code LoadbalanceRSocketClient} or Spring's {@code RSocketRequester.Builder.transports(…)} and want our discovery
 * only.
 *
 * <p><b>There is no drain.</b> That load balancer disposes a target's connection as soon as the target is off the list,
 * and what is in flight there fails; {@link EvenkeelRSocketClient} waits. A Pod that is known to be leaving is off the
 * list at once.
 */
public final class LoadbalanceTargets {

    private LoadbalanceTargets() {}

    /**
     * As {@link #of(String, PodTransport, WatcherConfig)}, over TCP with the default settings of the watch.
     *
     * @throws InvalidTargetException if no source understands the target
     */
    public static Flux<List<LoadbalanceTarget>> of(String target) {
        return of(target, PodTransport.tcp(), WatcherConfig.defaults());
    }

    /**
     * The ready Pods, the current list first and a new one after each change. Each subscriber watches from its
     * subscription to its cancellation, all of one target share one watch; a subscriber that is slow gets only the
     * latest list. Never completes.
     *
     * @param target such as {@code k8s:///orders.default:7000}
     * @param transport how to reach a Pod
     * @param watch when the source is believed
     * @throws InvalidTargetException if it is not a target
     */
    public static Flux<List<LoadbalanceTarget>> of(String target, PodTransport transport, WatcherConfig watch) {
        Objects.requireNonNull(transport, "transport");
        Objects.requireNonNull(watch, "watch");
        Target parsed = Target.parse(target);
        return Flux.create(
                sink -> {
                    Subscription subscription =
                            EndpointWatchers.shared().subscribe(parsed, watch, new Lists(transport, sink));
                    sink.onDispose(subscription::close);
                },
                FluxSink.OverflowStrategy.LATEST);
    }

    /**
     * Called by one thread at a time. A snapshot may differ in what the source says of itself alone: that is no new
     * list.
     */
    private static final class Lists implements Consumer<WatchSnapshot> {
        private final PodTransport transport;
        private final FluxSink<List<LoadbalanceTarget>> sink;
        private @Nullable EndpointSet last;

        Lists(PodTransport transport, FluxSink<List<LoadbalanceTarget>> sink) {
            this.transport = transport;
            this.sink = sink;
        }

        @Override
        public void accept(WatchSnapshot snapshot) {
            EndpointSet before = last;
            if (before != null && before.sameEndpoints(snapshot.endpoints())) {
                return;
            }
            last = snapshot.endpoints();
            List<LoadbalanceTarget> targets = new ArrayList<>();
            for (Endpoint endpoint : snapshot.endpoints().ready()) {
                ClientTransport to = transport.to(endpoint);
                targets.add(LoadbalanceTarget.from(endpoint.key().toString(), to));
            }
            sink.next(List.copyOf(targets));
        }
    }
}
