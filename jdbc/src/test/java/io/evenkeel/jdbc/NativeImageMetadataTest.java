package io.evenkeel.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** A driver makes its socket factory by its class's name, which a native image only finds if it is registered. */
class NativeImageMetadataTest {
    private static final String FILE = "/META-INF/native-image/io.evenkeel/evenkeel-jdbc/reflect-config.json";

    @Test
    void every_socket_factory_is_registered() throws IOException {
        Set<String> factories = new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests()).importPackages("io.evenkeel.jdbc").stream()
                        .map(JavaClass::getName)
                        .filter(name -> name.endsWith("SocketFactory"))
                        .collect(Collectors.toSet());
        assertThat(factories).hasSize(3);
        assertThat(entries())
                .extracting(entry -> entry.get("name").getAsString())
                .hasSameElementsAs(factories);
    }

    @Test
    void every_registered_constructor_exists() throws Exception {
        for (JsonObject entry : entries()) {
            Class<?> type = Class.forName(entry.get("name").getAsString());
            for (JsonElement method : entry.getAsJsonArray("methods")) {
                List<Class<?>> parameters = new ArrayList<>();
                for (JsonElement parameter : method.getAsJsonObject().getAsJsonArray("parameterTypes")) {
                    parameters.add(Class.forName(parameter.getAsString()));
                }
                assertThat(type.getConstructor(parameters.toArray(Class<?>[]::new)))
                        .as(type.getName())
                        .isNotNull();
            }
        }
    }

    private static List<JsonObject> entries() throws IOException {
        try (InputStream stream = NativeImageMetadataTest.class.getResourceAsStream(FILE)) {
            List<JsonObject> entries = new ArrayList<>();
            JsonParser.parseReader(new InputStreamReader(Objects.requireNonNull(stream, FILE), StandardCharsets.UTF_8))
                    .getAsJsonArray()
                    .forEach(entry -> entries.add(entry.getAsJsonObject()));
            return entries;
        }
    }
}
