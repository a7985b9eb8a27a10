package io.evenkeel.compatibility;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What comes onto the class path of an application beside what it asks for, as Maven resolved it for the cells of the matrix: an
 * adapter brings no Kubernetes client, no logging backend and no Guava.
 */
class DependenciesIT {
    private static final Path CELLS = Path.of(System.getProperty("cells"));

    /** Those that are not packaged in their framework's own way. */
    static Stream<Path> cells() throws IOException {
        try (Stream<Path> found = Files.list(CELLS)) {
            List<Path> cells = found.filter(cell -> Files.exists(cell.resolve("target/classpath")))
                    .sorted()
                    .toList();
            assertThat(cells).isNotEmpty();
            return cells.stream();
        }
    }

    @ParameterizedTest
    @MethodSource("cells")
    void an_application_gets_what_it_asks_for(Path cell) throws IOException {
        String pom = Files.readString(cell.resolve("pom.xml"));
        List<String> jars = Stream.of(Files.readString(cell.resolve("target/classpath"))
                        .strip()
                        .split(":"))
                .map(jar -> Path.of(jar).getFileName().toString())
                .toList();
        if (!pom.contains("<artifactId>evenkeel-spring-boot") || pom.contains("<exclusion>")) {
            assertThat(jars)
                    .as("the Kubernetes client, which %s does not ask for", cell.getFileName())
                    .noneMatch(jar -> jar.matches("(evenkeel-kubernetes|client-java|okhttp|kotlin).*"));
        }
        // gRPC itself needs it, whichever artefact of a framework brings gRPC.
        if (!pom.contains("grpc")) {
            assertThat(jars).as("Guava, %s", cell.getFileName()).noneMatch(jar -> jar.startsWith("guava-"));
        }
        if (!pom.contains("spring-boot-starter")) {
            assertThat(jars.stream().filter(jar -> jar.matches("(logback|log4j|slf4j-(?!api)).*")))
                    .as("logging backends of %s", cell.getFileName())
                    .allMatch(jar -> jar.startsWith("slf4j-simple-"))
                    .hasSize(pom.contains("slf4j-simple") ? 1 : 0);
        }
    }
}
