package io.evenkeel.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.source.FakeSource;
import io.evenkeel.source.SourceContext;
import io.evenkeel.time.ManualScheduler;
import io.evenkeel.watch.EndpointWatchers;
import io.grpc.NameResolver.Listener2;
import io.grpc.NameResolver.ResolutionResult;
import io.grpc.Status;
import io.grpc.SynchronizationContext;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Resolvers of one process, whose time the test controls. */
class PodNameResolverTest {

    private static final int CHANNELS = 10_000;
    private static final PodTarget TARGET = PodTarget.parse("static:///10.0.0.1:50051", "static");

    private final ManualScheduler time = new ManualScheduler();
    private final List<FakeSource> sources = new ArrayList<>();
    private final EndpointWatchers watchers = new EndpointWatchers(
            new SourceContext(time.ticker(), time, Runnable::run, new SplittableRandom(1)), (target, context) -> {
                FakeSource source = new FakeSource();
                sources.add(source);
                return source;
            });

    private static final class Reported extends Listener2 {
        private final List<ResolutionResult> results = new ArrayList<>();

        @Override
        public Status onResult2(ResolutionResult result) {
            results.add(result);
            return Status.OK;
        }

        @Override
        public void onResult(ResolutionResult result) {
            throw new AssertionError("expected: onResult2");
        }

        @Override
        public void onError(Status error) {
            throw new AssertionError("expected: onResult2");
        }

        int pods() {
            return results.get(results.size() - 1)
                    .getAddressesOrError()
                    .getValue()
                    .size();
        }
    }

    private PodNameResolver resolver() {
        SynchronizationContext context = new SynchronizationContext((thread, fault) -> {
            throw new AssertionError(fault);
        });
        return new PodNameResolver(TARGET, FakeChannel.args(context).build(), watchers);
    }

    private void settle() {
        time.advance(Duration.ofSeconds(5));
    }

    private static Endpoint[] pods(int count) {
        Endpoint[] pods = new Endpoint[count];
        for (int i = 0; i < count; i++) {
            pods[i] = FakeChannel.pod(i);
        }
        return pods;
    }

    @Test
    void ten_thousand_channels_to_one_service_share_one_watch() {
        List<PodNameResolver> resolvers = new ArrayList<>();
        List<Reported> reports = new ArrayList<>();
        for (int i = 0; i < CHANNELS; i++) {
            PodNameResolver resolver = resolver();
            Reported reported = new Reported();
            resolver.start(reported);
            resolvers.add(resolver);
            reports.add(reported);
        }
        settle();
        sources.get(0).endpoints(pods(3));
        settle();
        assertThat(reports).allSatisfy(reported -> assertThat(reported.pods()).isEqualTo(3));
        sources.get(0).endpoints(pods(4));
        settle();
        assertThat(reports).allSatisfy(reported -> assertThat(reported.pods()).isEqualTo(4));
        assertThat(sources).hasSize(1);

        resolvers.forEach(PodNameResolver::shutdown);
        time.advance(PodNameResolver.LINGER.minusSeconds(1));
        assertThat(sources.get(0).isClosed()).isFalse();
        time.advance(Duration.ofSeconds(2));
        assertThat(sources.get(0).isClosed()).isTrue();
        assertThat(sources).hasSize(1);
    }

    @Test
    void a_channel_back_from_idle_mode_has_the_pods_of_the_same_watch_at_once() {
        PodNameResolver before = resolver();
        before.start(new Reported());
        settle();
        sources.get(0).endpoints(pods(3));
        settle();
        before.shutdown();
        time.advance(PodNameResolver.LINGER.dividedBy(2));

        Reported reported = new Reported();
        resolver().start(reported);
        time.advance(Duration.ZERO);
        assertThat(reported.pods()).isEqualTo(3);
        time.advance(PodNameResolver.LINGER.multipliedBy(2));
        assertThat(sources.get(0).isClosed()).isFalse();
        assertThat(sources).hasSize(1);
    }

    @Test
    void a_list_is_never_empty() {
        Reported reported = new Reported();
        resolver().start(reported);
        settle();
        sources.get(0).endpoints();
        settle();
        assertThat(reported.results)
                .allSatisfy(result ->
                        assertThat(result.getAddressesOrError().hasValue()).isFalse());
        sources.get(0).endpoints(pods(2));
        settle();
        assertThat(reported.pods()).isEqualTo(2);
        int before = reported.results.size();
        sources.get(0).endpoints();
        time.advance(Duration.ofHours(1));
        sources.get(0).missing("deleted");
        time.advance(Duration.ofHours(1));
        assertThat(reported.results).hasSize(before);
    }
}
