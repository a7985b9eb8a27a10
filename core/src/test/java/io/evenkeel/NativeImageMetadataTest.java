package io.evenkeel;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import io.evenkeel.status.EndpointAttributes;
import io.evenkeel.status.PoolStatusMXBean;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class NativeImageMetadataTest {
    private static final String DIRECTORY = "/META-INF/native-image/io.evenkeel/evenkeel-core/";

    @Test
    void what_jmx_reads_by_reflection_is_registered() throws IOException {
        List<String> names = new ArrayList<>();
        for (JsonElement entry : read("reflect-config.json").getAsJsonArray()) {
            names.add(entry.getAsJsonObject().get("name").getAsString());
        }
        assertThat(names)
                .containsExactlyInAnyOrder(PoolStatusMXBean.class.getName(), EndpointAttributes.class.getName());
    }

    @Test
    void the_service_file_of_the_sources_is_kept() throws IOException {
        String pattern = read("resource-config.json")
                .getAsJsonObject()
                .getAsJsonObject("resources")
                .getAsJsonArray("includes")
                .get(0)
                .getAsJsonObject()
                .get("pattern")
                .getAsString();
        String file = "META-INF/services/io.evenkeel.source.EndpointSourceProvider";
        assertThat(file).matches(pattern);
        assertThat(NativeImageMetadataTest.class.getResource("/" + file)).isNotNull();
    }

    private static JsonElement read(String name) throws IOException {
        try (InputStream stream = NativeImageMetadataTest.class.getResourceAsStream(DIRECTORY + name)) {
            return JsonParser.parseReader(
                    new InputStreamReader(Objects.requireNonNull(stream, name), StandardCharsets.UTF_8));
        }
    }
}
