package io.evenkeel.kubernetes;

import static io.evenkeel.kubernetes.SourceBed.slice;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.endpoint.Target;
import io.evenkeel.kubernetes.fake.FakeApiServer.Speaks;
import io.evenkeel.kubernetes.fake.Verb;
import io.evenkeel.kubernetes.fake.WatchStream;
import io.evenkeel.watch.EndpointWatchers;
import io.evenkeel.watch.Subscription;
import io.evenkeel.watch.WatchSnapshot;
import io.evenkeel.watch.WatcherConfig;
import io.kubernetes.client.openapi.ApiClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a process costs the API server. */
@Timeout(60)
class ApiCostTest {

    private static final int HOUR = 3600;
    private static final int STEP = 2;

    @ParameterizedTest
    @EnumSource(Speaks.class)
    void five_pools_on_one_service_share_one_watch_that_is_renewed_at_most_twelve_times_an_hour(Speaks speaks)
            throws Exception {
        try (SourceBed bed = new SourceBed(speaks)) {
            bed.server.put(slice("pg-a", "pg-0", "pg-1"));
            ApiClient client = bed.apiClient();
            EndpointWatchers watchers = new EndpointWatchers(
                    bed.context(),
                    (target, context) -> bed.builder(target).apiClient(client).build(context));
            List<List<WatchSnapshot>> pools = new ArrayList<>();
            List<Subscription> subscriptions = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                List<WatchSnapshot> told = new ArrayList<>();
                pools.add(told);
                subscriptions.add(
                        watchers.subscribe(Target.parse(SourceBed.TARGET), WatcherConfig.defaults(), told::add));
                bed.closing(subscriptions.get(i));
            }
            bed.until(
                    "every pool knows both Pods",
                    () -> pools.stream()
                            .allMatch(told -> !told.isEmpty()
                                    && told.get(told.size() - 1).endpoints().size() == 2));
            bed.awaitWatch();

            assertThat(bed.asked()).isEqualTo("LIST WATCH");
            assertThat(bed.server.wire().connections()).isEqualTo(1);

            anHour(bed, subscriptions.get(0));
            bed.pass(
                    Duration.ofSeconds(2), "a watch", () -> bed.server.watches().size() == 1);
            int asked = bed.server.requests().size() - 2;
            System.out.println("Five pools on one Service, " + speaks + ": "
                    + bed.server.watches().size()
                    + " watch, " + bed.server.wire().connections() + " connection, " + asked
                    + " requests in an hour without events");
            assertThat(asked).as("requests an hour: %s", bed.asked()).isBetween(1, 12);
            assertThat(bed.server.count(Verb.LIST)).isEqualTo(1);
        }
    }

    /** As a real server behaves in it: a bookmark a minute, and every watch ends when its time is over. */
    private static void anHour(SourceBed bed, Subscription subscription) {
        Map<WatchStream, Integer> began = new HashMap<>();
        bed.server.watches().forEach(watch -> began.put(watch, 0));
        for (int second = 0; second < HOUR; second += STEP) {
            int now = second;
            if (second % 60 == 0 && !bed.server.watches().isEmpty()) {
                // A minute passes here within milliseconds, in which a busy machine may deliver nothing.
                long sent = bed.scheduler.ticker().nanos();
                bed.server.bookmark();
                bed.await("the bookmark", () -> subscription.current().answeredAtNanos() - sent >= 0);
            }
            for (WatchStream watch : bed.server.watches()) {
                if (now - began.computeIfAbsent(watch, key -> now) >= watch.timeoutSeconds()) {
                    watch.end();
                }
            }
            bed.step(Duration.ofSeconds(STEP));
        }
    }
}
