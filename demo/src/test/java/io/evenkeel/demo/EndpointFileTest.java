package io.evenkeel.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointCondition;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EndpointFileTest {
    private static final Endpoint POD = Endpoint.of("pg-0", "127.0.1.1", 5432);
    private static final String JSON =
            "{\"endpoints\":[{\"id\":\"pg-0\",\"host\":\"127.0.1.1\",\"port\":5432,\"condition\":\"%s\"}]}";

    @TempDir
    Path directory;

    @Test
    void write_replaces_the_content_and_leaves_nothing_else() throws IOException {
        EndpointFile file = EndpointFile.at(directory.resolve("pods.json"));
        file.write(List.of(POD));
        file.write(List.of(POD.withCondition(EndpointCondition.TERMINATING)));
        assertThat(file.path()).hasContent(JSON.formatted("TERMINATING"));
        assertThat(names()).containsExactly("pods.json");
    }

    @Test
    void write_names_zone_node_and_weight_where_there_are_any() throws IOException {
        EndpointFile file = EndpointFile.at(directory.resolve("pods.json"));
        file.write(List.of(POD.withZone("z1").withNode("n1").withWeight(0.5)));
        assertThat(file.path()).content().contains("\"zone\":\"z1\",\"node\":\"n1\",\"weight\":0.5");
    }

    @Test
    void mounted_file_is_swapped_with_its_directory() throws IOException {
        EndpointFile file = EndpointFile.mounted(directory, "pods.json");
        file.write(List.of(POD));
        Path firstTarget = file.path().toRealPath();
        file.write(List.of(POD.withCondition(EndpointCondition.NOT_READY)));
        assertThat(file.path()).hasContent(JSON.formatted("NOT_READY"));
        assertThat(file.path().toRealPath()).isNotEqualTo(firstTarget);
        assertThat(names()).containsExactlyInAnyOrder("pods.json", "..data", "..2");
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }
}
