package io.evenkeel.compatibility;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every block of Java in the README and the documentation compiles, and every file that they link to exists. */
class SnippetsTest {
    private static final Path ROOT = Path.of("").toAbsolutePath().getParent();
    private static final Pattern BLOCK = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);
    private static final Pattern LINK = Pattern.compile("\\]\\((?!https?:)([^)#]+)[^)]*\\)");

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
            import io.grpc.*;
            import io.micrometer.core.instrument.MeterRegistry;
            import io.rsocket.*;
            import io.rsocket.core.*;
            import java.time.Duration;
            import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
            import org.springframework.messaging.rsocket.*;
            import org.springframework.util.*;

            class Snippet {
                String password;
                HikariConfig hikari;
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

    record Snippet(String file, int number, String text) {
        @Override
        public String toString() {
            return file + " " + number;
        }
    }

    static Stream<Path> pages() throws IOException {
        List<Path> pages = new ArrayList<>(List.of(ROOT.resolve("README.md")));
        try (Stream<Path> docs = Files.list(ROOT.resolve("docs"))) {
            docs.filter(page -> page.toString().endsWith(".md")).forEach(pages::add);
        }
        return pages.stream();
    }

    static Stream<Snippet> snippets() throws IOException {
        List<Snippet> snippets = new ArrayList<>();
        for (Path page : pages().toList()) {
            Matcher blocks = BLOCK.matcher(Files.readString(page));
            for (int number = 1; blocks.find(); number++) {
                snippets.add(new Snippet(ROOT.relativize(page).toString(), number, blocks.group(1)));
            }
        }
        assertThat(snippets).hasSizeGreaterThan(3);
        return snippets.stream();
    }

    @ParameterizedTest
    @MethodSource("snippets")
    void a_block_of_java_compiles(Snippet snippet) {
        String around = AROUND;
        if (snippet.text().contains("pool.getConnection()")) {
            around = around.replace("com.rabbitmq.client.Connection;", "java.sql.Connection;");
        }
        String source = snippet.text().startsWith("@") ? snippet.text() : around.formatted(snippet.text());
        JavaFileObject file =
                new SimpleJavaFileObject(URI.create("string:///Snippet.java"), JavaFileObject.Kind.SOURCE) {
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

    @ParameterizedTest
    @MethodSource("pages")
    void a_link_leads_to_a_file(Path page) throws IOException {
        Matcher links = LINK.matcher(Files.readString(page));
        while (links.find()) {
            Path target = page.resolveSibling(links.group(1)).normalize();
            assertThat(target)
                    .as(ROOT.relativize(page) + " links to " + links.group(1))
                    .exists();
        }
    }
}
