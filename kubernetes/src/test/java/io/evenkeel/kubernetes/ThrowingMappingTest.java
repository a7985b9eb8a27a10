package io.evenkeel.kubernetes;

import static io.evenkeel.kubernetes.SourceBed.slice;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.CapturedLog;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.Target;
import io.evenkeel.kubernetes.fake.FakeApiServer.Speaks;
import io.evenkeel.kubernetes.fake.Verb;
import io.evenkeel.watch.EndpointWatchers;
import io.evenkeel.watch.SourceHealth;
import io.evenkeel.watch.Subscription;
import io.evenkeel.watch.WatcherConfig;
import io.kubernetes.client.openapi.ApiClient;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A mapping of slices to endpoints that throws, at whichever of its methods: the watch and its other sources go on. */
class ThrowingMappingTest {

    private static final String BAD = "pg-bad";

    /** Which method throws while a slice of this name is known, or removed. */
    private enum At {
        PUT,
        SLICES,
        ENDPOINTS,
        COMPLAINT,
        FAULT
    }

    /** The real one, which a slice of the name {@link #BAD} breaks half way. */
    private static final class Fragile implements SliceMapping {
        private final SliceMapping real = new EndpointSliceMapper("pg", AddressFamily.IPV4);
        private final At at;
        private boolean badKnown;

        Fragile(At at) {
            this.at = at;
        }

        private <T extends @Nullable Object> T unless(boolean broken, Supplier<T> result) {
            if (broken) {
                throw new IllegalStateException("planted in " + at);
            }
            return result.get();
        }

        @Override
        public boolean put(EndpointSlice slice) {
            badKnown |= slice.name().equals(BAD);
            return unless(badKnown && at == At.PUT, () -> real.put(slice));
        }

        @Override
        public boolean remove(String name) {
            badKnown &= !name.equals(BAD);
            return real.remove(name);
        }

        @Override
        public boolean replace(Collection<EndpointSlice> all) {
            badKnown = all.stream().anyMatch(slice -> slice.name().equals(BAD));
            return unless(badKnown && at == At.PUT, () -> real.replace(all));
        }

        @Override
        public List<EndpointSlice> slices() {
            return unless(badKnown && at == At.SLICES, real::slices);
        }

        @Override
        public List<Endpoint> endpoints() {
            return unless(badKnown && at == At.ENDPOINTS, real::endpoints);
        }

        @Override
        public @Nullable String complaint() {
            return unless(badKnown && at == At.COMPLAINT, real::complaint);
        }

        @Override
        public @Nullable String fault() {
            return unless(badKnown && at == At.FAULT, real::fault);
        }
    }

    private static void awaitStale(SourceBed bed, Subscription pool, At at) {
        bed.await("stale", () -> pool.current().health() == SourceHealth.STALE);
        assertThat(pool.current().reason())
                .isEqualTo("Service pg in namespace default: its slices cannot be mapped:"
                        + " java.lang.IllegalStateException: planted in " + at);
        assertThat(SourceBed.names(pool.current().endpoints().endpoints()))
                .as("kept")
                .containsExactly("pg-0");
    }

    @ParameterizedTest
    @EnumSource(At.class)
    void it_makes_the_source_stale_with_the_reason_and_the_next_good_slices_mend_it(At at) throws Exception {
        try (CapturedLog log = new CapturedLog();
                SourceBed bed = new SourceBed(Speaks.HTTP_2)) {
            bed.server.put(slice("pg-a", "pg-0"));
            ApiClient client = bed.apiClient();
            EndpointWatchers watchers = new EndpointWatchers(
                    bed.context(),
                    (target, context) -> bed.builder(target)
                            .apiClient(client)
                            .mappings(() -> new Fragile(at))
                            .build(context));
            Subscription pool =
                    watchers.subscribe(Target.parse(SourceBed.TARGET), WatcherConfig.defaults(), snapshot -> {});
            bed.closing(pool);
            bed.await("healthy", () -> pool.current().health() == SourceHealth.HEALTHY);
            bed.awaitWatch();
            bed.start(builder -> builder.apiClient(client));
            bed.awaitPods("pg-0");

            bed.server.put(slice(BAD, "pg-1"));
            awaitStale(bed, pool, at);
            bed.awaitPods("pg-0", "pg-1");
            assertThat(bed.complaint()).as("another source on the same watch").isEmpty();
            bed.server.bookmark();
            bed.server.put(slice("pg-b", "pg-2"));
            bed.awaitPods("pg-0", "pg-1", "pg-2");
            awaitStale(bed, pool, at);

            bed.server.delete("default", BAD);
            bed.await("healthy", () -> pool.current().health() == SourceHealth.HEALTHY);
            bed.pass(
                    Duration.ofSeconds(5),
                    "the truth",
                    () -> SourceBed.names(pool.current().endpoints().endpoints())
                            .equals(List.of("pg-0", "pg-2")));
            assertThat(log.linesWith("cannot be mapped"))
                    .filteredOn(line -> line.contains("ERROR"))
                    .as("said once")
                    .hasSize(1);
            assertThat(bed.server.count(Verb.LIST)).as("the watch went on").isEqualTo(1);
        }
    }

    @Test
    void it_is_found_in_the_first_list_too_and_the_next_list_mends_it() throws Exception {
        try (SourceBed bed = new SourceBed(Speaks.HTTP_2)) {
            bed.server.put(slice(BAD, "pg-1"));
            ApiClient client = bed.apiClient();
            bed.start(builder -> builder.apiClient(client).mappings(() -> new Fragile(At.PUT)));
            bed.await("a reason", () -> bed.complaint().contains("planted in PUT"));
            bed.awaitWatch();
            bed.server.delete("default", BAD);
            bed.server.put(slice("pg-a", "pg-0"));
            bed.awaitPods("pg-0");
            assertThat(bed.complaint()).isEmpty();
        }
    }
}
