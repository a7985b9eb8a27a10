package io.evenkeel.demo.kubernetes;

import io.evenkeel.endpoint.Target;
import io.evenkeel.kubernetes.EndpointSlice;
import io.evenkeel.kubernetes.KubernetesEndpointSource;
import io.evenkeel.source.EndpointSource;
import io.evenkeel.source.SourceContext;
import io.evenkeel.time.SystemScheduler;
import io.evenkeel.time.Ticker;
import io.evenkeel.watch.EndpointWatchers;
import io.evenkeel.watch.SourceHealth;
import io.evenkeel.watch.Subscription;
import io.evenkeel.watch.WatchSnapshot;
import io.evenkeel.watch.WatcherConfig;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** A Service seen as every pool sees it, and the slices behind that. Only reads. Thread-safe. */
final class ServiceView implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final SystemScheduler scheduler = new SystemScheduler("evenkeel-demo-kubernetes");
    private final Inquiry inquiry;
    private final AtomicReference<@Nullable KubernetesEndpointSource> source = new AtomicReference<>();
    // Counted down when it is known how things stand, well or not.
    private final CountDownLatch answered = new CountDownLatch(1);
    private final Subscription subscription;
    // belongs to the watch thread
    private boolean begun;

    ServiceView(Inquiry inquiry) {
        this.inquiry = inquiry;
        SourceContext context = new SourceContext(Ticker.system(), scheduler, Runnable::run, new SplittableRandom());
        subscription = new EndpointWatchers(context, this::create)
                .subscribe(inquiry.target(), WatcherConfig.defaults(), this::heard);
    }

    private EndpointSource create(Target target, SourceContext context) {
        KubernetesEndpointSource.Builder builder = KubernetesEndpointSource.builder(target);
        if (inquiry.kubeconfig() != null) {
            builder.kubeconfig(inquiry.kubeconfig());
        }
        KubernetesEndpointSource created = builder.build(context);
        source.set(created);
        return created;
    }

    private void heard(WatchSnapshot snapshot) {
        // The first is what is known before anything was heard; a second that knows nothing says why.
        if (begun || snapshot.health() != SourceHealth.UNKNOWN) {
            answered.countDown();
        }
        begun = true;
    }

    /** Waits for the first answer or the first complaint. */
    boolean awaitAnswer(Duration atMost) throws InterruptedException {
        return answered.await(atMost.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** What is believed now. */
    WatchSnapshot believed() {
        return subscription.current();
    }

    /** What the API server said. */
    List<EndpointSlice> slices() {
        KubernetesEndpointSource created = source.get();
        return created == null ? List.of() : created.slices();
    }

    @Override
    public void close() {
        subscription.close();
        scheduler.closeAfterQueued();
        scheduler.awaitEnd(PATIENCE);
    }
}
