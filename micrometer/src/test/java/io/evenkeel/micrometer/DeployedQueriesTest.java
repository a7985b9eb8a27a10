package io.evenkeel.micrometer;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The dashboard and the alert rules ask for meters that exist, and the documentation lists them all. */
class DeployedQueriesTest {
    private static final Path ROOT = Path.of("").toAbsolutePath().getParent();
    private static final Path DASHBOARD = ROOT.resolve("deploy/grafana/evenkeel.json");
    private static final Path ALERTS = ROOT.resolve("deploy/prometheus/evenkeel-alerts.yaml");
    private static final Path DOCUMENTATION = ROOT.resolve("docs/meters.md");
    private static final Pattern SERIES = Pattern.compile("evenkeel_[a-z_]+");

    @Test
    void the_dashboard_asks_for_meters_that_exist() throws IOException {
        assertThat(seriesIn(String.join("\n", dashboardQueries()))).isSubsetOf(series());
    }

    @Test
    void the_dashboard_shows_every_meter_but_sums() throws IOException {
        Set<String> shown = seriesIn(String.join("\n", dashboardQueries()));
        for (EvenkeelMeter meter : EvenkeelMeter.values()) {
            assertThat(shown)
                    .as(meter.name())
                    .containsAnyElementsOf(seriesOf(meter).toList());
        }
    }

    @Test
    void the_alerts_ask_for_meters_that_exist() throws IOException {
        Set<String> used = seriesIn(Files.readString(ALERTS));
        assertThat(used).hasSizeGreaterThan(7).isSubsetOf(series());
    }

    @Test
    void the_documentation_has_the_table_of_the_enum() throws IOException {
        assertThat(Files.readString(DOCUMENTATION)).contains(table());
    }

    /** What the dashboard asks Prometheus for. */
    static List<String> dashboardQueries() throws IOException {
        List<String> queries = new ArrayList<>();
        JsonObject dashboard =
                JsonParser.parseString(Files.readString(DASHBOARD)).getAsJsonObject();
        for (JsonElement panel : dashboard.getAsJsonArray("panels")) {
            for (JsonElement target : panel.getAsJsonObject().getAsJsonArray("targets")) {
                queries.add(target.getAsJsonObject().get("expr").getAsString());
            }
        }
        assertThat(queries).hasSizeGreaterThan(15);
        return queries;
    }

    private static Set<String> seriesIn(String text) {
        Set<String> found = new TreeSet<>();
        Matcher matcher = SERIES.matcher(text);
        while (matcher.find()) {
            found.add(matcher.group());
        }
        return found;
    }

    private static Set<String> series() {
        return Arrays.stream(EvenkeelMeter.values())
                .flatMap(DeployedQueriesTest::seriesOf)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Stream<String> seriesOf(EvenkeelMeter meter) {
        String name = PrometheusName.of(meter);
        if (!PrometheusName.isTimer(meter)) {
            return Stream.of(name);
        }
        String family = name.substring(0, name.length() - "_count".length());
        return Stream.of("_count", "_sum", "_max").map(family::concat);
    }

    private static String table() {
        StringBuilder table = new StringBuilder("| meter | type | unit | tags | meaning |\n|---|---|---|---|---|\n");
        for (EvenkeelMeter meter : EvenkeelMeter.values()) {
            List<String> tags = new ArrayList<>(List.of("pool"));
            tags.addAll(meter.tags());
            if (meter.isPerPod()) {
                tags.add("(pod)");
            }
            table.append("| `").append(meter.meterName()).append("` | ");
            table.append(meter.type().name().toLowerCase(java.util.Locale.ROOT)).append(" | ");
            table.append(meter.unit() == null ? "" : meter.unit()).append(" | ");
            table.append(String.join(", ", tags))
                    .append(" | ")
                    .append(meter.meaning())
                    .append(" |\n");
        }
        return table.toString();
    }
}
