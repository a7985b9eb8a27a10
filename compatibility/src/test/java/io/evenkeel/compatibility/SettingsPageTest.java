package io.evenkeel.compatibility;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.evenkeel.adapter.PoolSettings;
import io.evenkeel.amqp.EvenkeelConnectionFactory;
import io.evenkeel.balance.RebalancerConfig;
import io.evenkeel.health.HealthConfig;
import io.evenkeel.jdbc.EvenkeelDataSource;
import io.evenkeel.kubernetes.KubernetesEndpointSource;
import io.evenkeel.micrometer.EvenkeelMetrics;
import io.evenkeel.rsocket.EvenkeelRSocketClient;
import io.evenkeel.watch.WatcherConfig;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * The tables of docs/settings.md, made from the setters: their Javadoc says meaning and default, and what they refuse says the
 * bounds. And the properties of Spring Boot, made from the configuration metadata.
 */
class SettingsPageTest {
    private static final String PAGE = "settings.md";
    private static final Pattern DEFAULT =
            Pattern.compile("Defaults? to (.*?(?:; (?:or )?to .*?)*)(?:; (?!(?:or )?to )|\\.(?=\\s|$))");
    private static final Pattern EXPECTED = Pattern.compile("^(\\w+): .* \\(expected: (.*)\\)$", Pattern.DOTALL);

    /** @param comments the class whose Javadoc is meant, as {@link Sources} names it */
    private record Builder(String comments, Supplier<Object> fresh) {
        SortedMap<String, Method> setters() {
            SortedMap<String, Method> setters = new TreeMap<>();
            for (Method method : fresh.get().getClass().getDeclaredMethods()) {
                if (isSetter(method)) {
                    setters.put(settingOf(method), method);
                }
            }
            return setters;
        }

        private boolean isSetter(Method method) {
            Class<?> own = fresh.get().getClass();
            boolean fluent =
                    method.getReturnType().equals(own) && !method.getName().matches("or[A-Z].*|copy");
            boolean bean = method.getReturnType().equals(void.class)
                    && method.getName().matches("set[A-Z].*");
            return Modifier.isPublic(method.getModifiers())
                    && !Modifier.isStatic(method.getModifiers())
                    && !method.isBridge()
                    && isOneValue(method)
                    && !method.getName().equals("settings")
                    && (fluent || bean);
        }
    }

    /** {@code holdDown} takes its first and its longest value; what else takes two sets one of many. */
    private static boolean isOneValue(Method method) {
        return method.getParameterCount() == 1 || method.getName().equals("holdDown");
    }

    private static final Builder COMMON = new Builder("PoolSettings", PoolSettings::create);
    private static final Builder JDBC = new Builder("EvenkeelDataSourceBuilder", EvenkeelDataSource::builder);
    private static final Builder RSOCKET = new Builder("EvenkeelRSocketClientBuilder", EvenkeelRSocketClient::builder);
    private static final Builder AMQP = new Builder("EvenkeelConnectionFactory", EvenkeelConnectionFactory::new);
    private static final List<Builder> OTHERS = List.of(
            new Builder("RebalancerConfig.Builder", RebalancerConfig::builder),
            new Builder("WatcherConfig.Builder", WatcherConfig::builder),
            new Builder("HealthConfig.Builder", HealthConfig::builder),
            new Builder(
                    "KubernetesEndpointSource.Builder",
                    () -> KubernetesEndpointSource.builder("k8s:///pg.default:5432")),
            new Builder("EvenkeelMetrics.Builder", EvenkeelMetrics::builder));

    @Test
    void the_common_settings_are_those_of_the_code() throws Exception {
        Sources sources = Sources.read();
        StringBuilder table =
                new StringBuilder("| setting | type | default | bounds | meaning |\n|---|---|---|---|---|\n");
        for (var setting : COMMON.setters().entrySet()) {
            String name = setting.getKey();
            String comment = comment(sources, COMMON, setting.getValue());
            table.append("| `").append(name).append("` | ").append(type(setting.getValue()));
            table.append(" | ").append(defaults(sources, name, defaultIn(comment)));
            table.append(" | ").append(bounds(COMMON, name, setting.getValue()));
            table.append(" | ").append(meaning(comment)).append(" |\n");
        }
        Documentation.assertGenerated(PAGE, "common settings", table.toString());
    }

    /** One if the adapters agree, else each of them. */
    private static String defaults(Sources sources, String name, String common) throws Exception {
        Map<String, String> each = new LinkedHashMap<>();
        for (Builder door : List.of(JDBC, RSOCKET, AMQP)) {
            String there = door == JDBC && name.equals("drainDeadline") ? "drainWarnAfter" : name;
            Method setter = door.setters().get(there);
            assertThat(setter).as("%s of %s", there, door.comments()).isNotNull();
            String own = defaultIn(comment(sources, door, setter));
            each.put(door.comments().replaceAll("^Evenkeel|Builder$", ""), own.isEmpty() ? common : own);
        }
        if (new LinkedHashSet<>(each.values()).size() == 1) {
            return each.values().iterator().next();
        }
        StringJoiner joined = new StringJoiner("<br>");
        each.forEach((door, value) -> joined.add(door + ": " + value));
        return joined.toString();
    }

    @Test
    void the_settings_of_each_adapter_are_those_of_the_code() throws Exception {
        Sources sources = Sources.read();
        Set<String> common = new LinkedHashSet<>(COMMON.setters().keySet());
        for (Builder door : List.of(JDBC, RSOCKET, AMQP)) {
            Documentation.assertGenerated(PAGE, door.comments(), table(sources, door, common));
        }
    }

    @Test
    void the_settings_that_are_objects_of_their_own_are_those_of_the_code() throws Exception {
        Sources sources = Sources.read();
        for (Builder other : OTHERS) {
            Documentation.assertGenerated(PAGE, other.comments(), table(sources, other, Set.of()));
        }
    }

    @Test
    void the_explanations_name_every_setting() throws Exception {
        String explained = Documentation.text("configuration.md") + Documentation.text("meters.md");
        for (Builder builder : List.of(COMMON, JDBC, RSOCKET, AMQP)) {
            assertThat(builder.setters().keySet())
                    .as("in docs/configuration.md, of %s", builder.comments())
                    .allSatisfy(setting -> assertThat(explained).contains(setting));
        }
    }

    @Test
    void the_properties_of_spring_boot_are_those_of_the_metadata() throws Exception {
        StringBuilder table = new StringBuilder("| property | type | default | meaning |\n|---|---|---|---|\n");
        for (JsonObject property : properties().values()) {
            String type = property.get("type").getAsString().replaceAll("[\\w.]+\\.(\\w+)", "$1");
            JsonElement value = property.get("defaultValue");
            table.append("| `")
                    .append(property.get("name").getAsString())
                    .append("` | ")
                    .append(type);
            table.append(" | ").append(value == null || value.isJsonArray() ? "" : "`" + value.getAsString() + "`");
            table.append(" | ")
                    .append(property.get("description").getAsString().replace("|", "\\|"))
                    .append(" |\n");
        }
        Documentation.assertGenerated(PAGE, "properties", table.toString());
    }

    /** By name, from what the starter's annotation processor made for IDEs. */
    static SortedMap<String, JsonObject> properties() throws IOException {
        SortedMap<String, JsonObject> properties = new TreeMap<>();
        try (InputStream metadata = PoolSettings.class
                        .getClassLoader()
                        .getResourceAsStream("META-INF/spring-configuration-metadata.json");
                Reader reader = new InputStreamReader(metadata, StandardCharsets.UTF_8)) {
            JsonParser.parseReader(reader)
                    .getAsJsonObject()
                    .getAsJsonArray("properties")
                    .forEach(each ->
                            properties.put(each.getAsJsonObject().get("name").getAsString(), each.getAsJsonObject()));
        }
        assertThat(properties).containsKey("evenkeel.datasource.target").hasSizeGreaterThan(40);
        return properties;
    }

    private static String table(Sources sources, Builder builder, Set<String> without) throws Exception {
        StringBuilder table =
                new StringBuilder("| setting | type | default | bounds | meaning |\n|---|---|---|---|---|\n");
        for (var setting : builder.setters().entrySet()) {
            if (!without.contains(setting.getKey())) {
                String comment = comment(sources, builder, setting.getValue());
                table.append("| `").append(setting.getKey()).append("` | ").append(type(setting.getValue()));
                table.append(" | ").append(defaultIn(comment));
                table.append(" | ").append(bounds(builder, setting.getKey(), setting.getValue()));
                table.append(" | ").append(meaning(comment)).append(" |\n");
            }
        }
        return table.toString();
    }

    private static String settingOf(Method method) {
        String name = method.getName();
        return name.matches("set[A-Z].*") ? name.substring(3, 4).toLowerCase(Locale.ROOT) + name.substring(4) : name;
    }

    private static String type(Method setter) {
        Class<?> type = setter.getParameterTypes()[0];
        return "`" + type.getSimpleName() + "`";
    }

    private static String comment(Sources sources, Builder builder, Method setter) {
        String comment = sources.comment(builder.comments(), setter.getName(), setter.getParameterCount());
        assertThat(comment)
                .as("the Javadoc of %s.%s", builder.comments(), setter.getName())
                .isNotBlank();
        return comment.replaceAll("(?s)\\n\\s*@(throws|param|return|see).*", "")
                .replaceAll("\\{@code\\s+([^}]*)}", "`$1`")
                .replaceAll("\\{@link (\\w+)#(\\w+)(?:\\([^)]*\\))?}", "`$1.$2`")
                .replaceAll("\\{@link (?:[\\w.]*#)?([\\w.]+)(?:\\([^)]*\\))?}", "`$1`")
                .replaceAll("<[^>]*>", "")
                .replace("|", "\\|")
                .replaceAll("\\s+", " ")
                .strip();
    }

    private static String defaultIn(String comment) {
        Matcher said = DEFAULT.matcher(comment);
        if (said.find()) {
            return said.group(1);
        }
        if (comment.contains("Must be set")) {
            return "none: must be set";
        }
        return comment.startsWith("Always 1") ? "always 1" : comment.contains("0 (the default)") ? "0" : "";
    }

    private static String meaning(String comment) {
        Matcher said = DEFAULT.matcher(comment);
        String rest = said.find()
                ? comment.substring(0, said.start())
                        + capital(comment.substring(said.end()).strip())
                : comment;
        return rest.strip();
    }

    private static String capital(String text) {
        return text.isEmpty() ? text : text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1);
    }

    /** What the setter, or the configuration that is built from it, says that it expects when it gets too little or too much. */
    private static String bounds(Builder builder, String name, Method setter) throws Exception {
        Set<String> expected = new LinkedHashSet<>();
        for (Object value : extremes(setter.getParameterTypes()[0])) {
            Object fresh = builder.fresh().get();
            try {
                Object[] arguments = new Object[setter.getParameterCount()];
                Arrays.fill(arguments, value);
                setter.invoke(fresh, arguments);
                if (fresh instanceof HealthConfig.Builder health) {
                    health.build();
                }
            } catch (InvocationTargetException refused) {
                add(expected, name, refused.getCause());
            } catch (IllegalArgumentException refused) {
                add(expected, name, refused);
            }
        }
        return String.join("; ", expected).replace("|", "\\|");
    }

    private static void add(Set<String> expected, String name, Throwable refused) {
        Matcher message = EXPECTED.matcher(String.valueOf(refused.getMessage()));
        if (message.matches() && message.group(1).equals(name)) {
            expected.add(message.group(2).replaceAll("\\s+", " "));
        }
    }

    private static List<Object> extremes(Class<?> type) {
        List<Object> values = new ArrayList<>();
        if (type == Duration.class) {
            values.addAll(List.of(Duration.ofSeconds(-1), Duration.ZERO, Duration.ofDays(366)));
        } else if (type == int.class) {
            values.addAll(List.of(-1, Integer.MAX_VALUE));
        } else if (type == double.class) {
            values.addAll(List.of(-1.0, 0.0, 2.0));
        } else if (type == String.class) {
            values.add(" ");
        }
        return values;
    }
}
