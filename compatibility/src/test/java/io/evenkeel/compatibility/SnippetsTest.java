package io.evenkeel.compatibility;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.w3c.dom.Document;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;
import org.yaml.snakeyaml.Yaml;

/** Every block of Java in the README and the documentation compiles, and every other one is what it says it is. */
class SnippetsTest {
    private static final Pattern TYPE =
            Pattern.compile("(?m)^(?:public )?(?:final )?(?:class|record|interface) (\\w+)");

    /** Of frameworks that are not on the class path of this test. */
    private static final Pattern ELSEWHERE = Pattern.compile("(?m)^import (?:io\\.micronaut|io\\.quarkus|jakarta)\\.");

    /** What a reader has around such a block: imports, and what the text before it speaks of. */
    private static final String AROUND = """
            import com.rabbitmq.client.ConnectionFactory;
            import com.rabbitmq.client.Connection;
            import com.zaxxer.hikari.*;
            import io.evenkeel.amqp.*;
            import io.evenkeel.grpc.*;
            import io.evenkeel.jdbc.*;
            import io.evenkeel.micrometer.*;
            import io.evenkeel.rsocket.*;
            import io.evenkeel.status.*;
            import io.grpc.*;
            import io.micrometer.core.instrument.MeterRegistry;
            import io.rsocket.*;
            import io.rsocket.core.*;
            import java.time.Duration;
            import javax.sql.DataSource;
            import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
            import org.springframework.messaging.rsocket.*;
            import org.springframework.util.*;

            class Snippet {
                String password;
                HikariConfig hikari;
                HikariDataSource existing;
                MeterRegistry registry;
                ConnectionFactory configured;
                MimeType metadataMimeType;
                RSocketStrategies strategies;

                void run() throws Exception {
            %s
                }
            }
            """;

    @TempDir
    private Path classes;

    static List<Documentation.Block> java() throws IOException {
        return some("java");
    }

    static List<Documentation.Block> xml() throws IOException {
        return some("xml");
    }

    static List<Documentation.Block> yaml() throws IOException {
        return some("yaml");
    }

    static List<Documentation.Block> properties() throws IOException {
        return some("properties");
    }

    static List<Documentation.Block> json() throws IOException {
        return some("json");
    }

    private static List<Documentation.Block> some(String language) throws IOException {
        List<Documentation.Block> blocks = Documentation.blocks(language);
        assertThat(blocks).isNotEmpty();
        return blocks;
    }

    @ParameterizedTest
    @MethodSource("java")
    void a_block_of_java_compiles(Documentation.Block snippet) throws IOException {
        if (ELSEWHERE.matcher(snippet.text()).find()) {
            assertThat(sourcesOfTheMatrix())
                    .as("compiled where its framework is: in a cell of the compatibility matrix")
                    .contains(snippet.text());
            return;
        }
        Matcher type = TYPE.matcher(snippet.text());
        boolean whole = snippet.text().matches("(?s)(package|import|@).*") && type.find();
        String around = AROUND;
        if (snippet.text().contains("pool.getConnection()")) {
            around = around.replace("com.rabbitmq.client.Connection;", "java.sql.Connection;");
        }
        compile(whole ? type.group(1) : "Snippet", whole ? snippet.text() : around.formatted(snippet.text()));
    }

    private static List<String> sourcesOfTheMatrix() throws IOException {
        List<String> sources = new ArrayList<>();
        try (Stream<Path> files = Files.walk(Documentation.ROOT.resolve("compatibility/src/it"))) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(".java")).toList()) {
                sources.add(Files.readString(file));
            }
        }
        return sources;
    }

    private void compile(String name, String source) {
        JavaFileObject file =
                new SimpleJavaFileObject(URI.create("string:///" + name + ".java"), JavaFileObject.Kind.SOURCE) {
                    @Override
                    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                        return source;
                    }
                };
        StringWriter messages = new StringWriter();
        boolean compiled = ToolProvider.getSystemJavaCompiler()
                .getTask(
                        messages,
                        null,
                        null,
                        List.of("-d", classes.toString(), "-proc:none", "-cp", System.getProperty("java.class.path")),
                        null,
                        List.of(file))
                .call();
        assertThat(compiled).as(messages.toString()).isTrue();
    }

    /** A part of a pom: well-formed, and what it names of Evenkeel is in the BOM in this version. */
    @ParameterizedTest
    @MethodSource("xml")
    void a_block_of_xml_is_well_formed_and_names_artifacts_that_exist(Documentation.Block snippet) throws Exception {
        Document parsed = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new InputSource(new StringReader("<part>" + snippet.text() + "</part>")));
        String bom = Files.readString(Documentation.ROOT.resolve("bom/pom.xml"));
        NodeList artifacts = parsed.getElementsByTagName("artifactId");
        for (int i = 0; i < artifacts.getLength(); i++) {
            String artifact = artifacts.item(i).getTextContent();
            if (artifact.startsWith("evenkeel-")) {
                assertThat(bom).contains("<artifactId>" + artifact + "</artifactId>");
            }
            if (artifact.equals("evenkeel-bom")) {
                assertThat(bom).contains("<version>" + versionIn(snippet.text()) + "</version>");
            }
        }
    }

    private static String versionIn(String text) {
        Matcher version = Pattern.compile("evenkeel-bom</artifactId>\\s*<version>([^<]+)<")
                .matcher(text);
        assertThat(version.find()).isTrue();
        return version.group(1);
    }

    @ParameterizedTest
    @MethodSource("yaml")
    void a_block_of_yaml_parses_and_names_properties_that_exist(Documentation.Block snippet) throws IOException {
        for (Object document : new Yaml().loadAll(snippet.text())) {
            if (document instanceof Map<?, ?> map && map.containsKey("evenkeel")) {
                Set<String> keys = new TreeSet<>();
                flatten("evenkeel", map.get("evenkeel"), keys);
                assertExist(keys);
            }
        }
    }

    private static void flatten(String prefix, Object value, Set<String> keys) {
        if (value instanceof Map<?, ?> map) {
            map.forEach((key, inner) -> flatten(prefix + "." + key, inner, keys));
        } else {
            keys.add(prefix);
        }
    }

    @ParameterizedTest
    @MethodSource("properties")
    void a_block_of_properties_names_those_that_exist(Documentation.Block snippet) throws IOException {
        Properties parsed = new Properties();
        parsed.load(new StringReader(snippet.text()));
        assertThat(parsed).isNotEmpty();
        assertExist(new TreeSet<>(parsed.stringPropertyNames().stream()
                .filter(key -> key.startsWith("evenkeel."))
                .toList()));
    }

    private static void assertExist(Set<String> keys) throws IOException {
        Set<String> known = SettingsPageTest.properties().keySet();
        List<String> unknown = new ArrayList<>();
        for (String key : keys) {
            String general = key.replaceFirst("^evenkeel\\.datasource\\.beans\\.[^.]+\\.", "evenkeel.datasource.")
                    .replaceFirst("^evenkeel\\.rsocket\\.targets\\..+", "evenkeel.rsocket.targets")
                    .replaceFirst("\\[\\d+]$", "");
            if (!known.contains(general)) {
                unknown.add(key);
            }
        }
        assertThat(unknown).as("properties that do not exist").isEmpty();
    }

    @ParameterizedTest
    @MethodSource("json")
    void a_block_of_json_parses(Documentation.Block snippet) {
        assertThat(JsonParser.parseString(snippet.text()).isJsonNull()).isFalse();
    }
}
