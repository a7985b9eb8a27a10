package io.evenkeel.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.kubernetes.ApiObject.SliceList;
import io.evenkeel.kubernetes.KnownSlices.News;
import java.util.List;
import org.junit.jupiter.api.Test;

class KnownSlicesTest {

    private final KnownSlices known = new KnownSlices();

    private static EndpointSlice slice(String name, long version) {
        return new EndpointSlice(name, String.valueOf(version), "IPv4", List.of(), List.of());
    }

    @Test
    void a_slice_that_is_deleted_is_forgotten_with_its_version() {
        known.replaceBy(new SliceList("500", "", List.of(slice("pg-kept", 400))));
        for (int i = 0; i < 1_000; i++) {
            assertThat(known.put(slice("pg-" + i, 501 + 2 * i))).isEqualTo(News.NEW);
            assertThat(known.remove(slice("pg-" + i, 502 + 2 * i))).isEqualTo(News.NEW);
        }
        assertThat(known.all()).extracting(EndpointSlice::name).containsExactly("pg-kept");

        // A backup counts from before: the versions that those slices once had say nothing about the new ones.
        known.doubt();
        assertThat(known.replaceBy(new SliceList("267", "", List.of()))).isTrue();
        assertThat(known.put(slice("pg-7", 268))).isEqualTo(News.NEW);
        assertThat(known.all()).extracting(EndpointSlice::name).containsExactly("pg-7");
    }
}
