package io.evenkeel.it.frontdoor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.evenkeel.adapter.PoolSettings;
import io.evenkeel.balance.RebalancerConfig;
import io.evenkeel.demo.amqp.broker.Broker;
import io.evenkeel.demo.amqp.broker.QpidCluster;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.event.EvenkeelEvent;
import io.evenkeel.event.EvenkeelListener;
import io.evenkeel.health.HealthConfig;
import io.evenkeel.status.EndpointStatus;
import io.evenkeel.status.PoolStatus;
import io.evenkeel.status.SourceStatus;
import io.evenkeel.watch.SourceHealth;
import io.evenkeel.watch.WatcherConfig;
import io.rsocket.transport.netty.server.CloseableChannel;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.management.ObjectName;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Sets every public setting of every adapter to another value than its default, through the adapter's own setter, and looks
 * at what comes of it: whether it is in force, as the status shows it, and what can be seen of it from outside. What needs a
 * controlled clock to be seen (how moves are spread, when a drain ends) is held by core's and the adapters' own tests, which
 * begin at the same configuration. Prints the table of settings and adapters.
 */
@Timeout(300)
class FrontDoorTest {

    private static final Duration SOON = Duration.ofSeconds(30);
    private static final List<String> ADAPTERS = List.of("JDBC", "RSocket", "AMQP");

    /** Rows in the order in which they were looked at; per adapter what came of it. */
    private static final Map<String, Map<String, String>> TABLE = new LinkedHashMap<>();

    private static QpidCluster brokers;
    private static CloseableChannel server;

    @TempDir
    Path directory;

    /** @param inForce what the status shows under this name or, with a dot, part of it */
    private record Common(String name, Object value, String key, String inForce) {}

    private static List<Common> common() {
        EvenkeelListener listener = event -> {};
        Recorder recorder = new Recorder();
        Consumer<RebalancerConfig.Builder> balance = changed -> changed.weightHysteresis(0.5);
        Consumer<PoolSettings> settings = changed -> changed.slowStart(Duration.ofSeconds(9));
        return List.of(
                new Common("name", "front-door", "name", "front-door"),
                new Common("clientId", "client-7", "clientId", "client-7"),
                new Common("zone", "b", "zone", "b"),
                new Common("node", "node-4", "node", "node-4"),
                new Common("moveWindow", Duration.ofSeconds(3), "moveWindow", "PT3S"),
                new Common("moveDeadline", Duration.ofSeconds(4), "moveDeadline", "PT4S"),
                new Common("drainDeadline", Duration.ofSeconds(3), "drainDeadline", "PT3S"),
                new Common("drainSpread", Duration.ofSeconds(2), "drainSpread", "PT2S"),
                new Common("maxConnectionAge", Duration.ofHours(2), "maxConnectionAge", "PT2H"),
                new Common("slowStart", Duration.ofSeconds(6), "slowStart", "PT6S"),
                new Common("surge", 1, "surge", "1"),
                new Common("balance", balance, "balance.weightHysteresis", "0.5"),
                new Common(
                        "watch", WatcherConfig.builder().settle(Duration.ZERO).build(), "watch", "settle=PT0S"),
                new Common(
                        "health",
                        HealthConfig.builder().consecutiveFailures(7).build(),
                        "health",
                        "consecutiveFailures=7"),
                new Common("listener", listener, "listener", "a lambda of " + FrontDoorTest.class.getName()),
                new Common("metrics", recorder, "metrics", Recorder.class.getName()),
                new Common("jmx", false, "jmx", "false"),
                new Common("closeTimeout", Duration.ofSeconds(1), "closeTimeout", "PT1S"),
                new Common("settings", settings, "slowStart", "PT9S"));
    }

    @BeforeAll
    static void start() throws Exception {
        brokers = QpidCluster.start(6);
        server = RSocketDoor.server();
    }

    @AfterAll
    static void stop() throws Exception {
        brokers.close();
        server.dispose();
        System.out.println(table());
    }

    private static String table() {
        StringBuilder text = new StringBuilder("Settings and adapters:\n");
        String line = "%-20s %-34s %-34s %-34s%n";
        text.append(line.formatted("setting", "JDBC", "RSocket", "AMQP"));
        TABLE.forEach((setting, cells) -> text.append(line.formatted(
                setting,
                cells.getOrDefault("JDBC", "-"),
                cells.getOrDefault("RSocket", "-"),
                cells.getOrDefault("AMQP", "-"))));
        return text.toString();
    }

    private static void saw(FrontDoor door, String setting, String what) {
        TABLE.computeIfAbsent(setting, any -> new LinkedHashMap<>())
                .merge(door.toString(), what, (before, more) -> before + ", " + more);
    }

    private FrontDoor door(String adapter) throws Exception {
        return switch (adapter) {
            case "JDBC" -> new JdbcDoor();
            case "RSocket" -> new RSocketDoor(server);
            default -> new AmqpDoor(brokers);
        };
    }

    private PodFile pods() throws Exception {
        List<Endpoint> addresses = new ArrayList<>();
        for (Broker broker : brokers.brokers()) {
            addresses.add(broker.endpoint());
        }
        return new PodFile(Files.createTempDirectory(directory, "pods"), addresses);
    }

    @Test
    void every_common_setting_is_in_force_behind_every_front_door() throws Exception {
        for (String adapter : ADAPTERS) {
            for (Common setting : common()) {
                FrontDoor door = door(adapter);
                door.set("target", pods().target());
                door.set(setting.name(), setting.value());
                try (FrontDoor.Opened opened = door.open()) {
                    assertThat(opened.status().settings().get(setting.key()))
                            .as("%s of %s", setting.name(), adapter)
                            .contains(setting.inForce());
                }
                saw(door, setting.name(), "in force");
            }
        }
    }

    @Test
    void a_value_out_of_its_bounds_is_refused_alike_by_the_setter_of_every_front_door() throws Exception {
        Map<String, Object> values = Map.of(
                "name",
                " ",
                "clientId",
                "",
                "zone",
                " ",
                "node",
                " ",
                "moveWindow",
                Duration.ofSeconds(-1),
                "moveDeadline",
                Duration.ZERO,
                "drainDeadline",
                Duration.ZERO,
                "drainSpread",
                Duration.ofDays(366),
                "slowStart",
                Duration.ofSeconds(-1),
                "surge",
                2);
        for (String adapter : ADAPTERS) {
            for (Map.Entry<String, Object> value : values.entrySet()) {
                FrontDoor door = door(adapter);
                assertThatThrownBy(() -> door.set(value.getKey(), value.getValue()))
                        .as("%s of %s", value.getKey(), adapter)
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageStartingWith(door.called(value.getKey()) + ": ")
                        .hasMessageContaining("(expected: ");
            }
        }
        for (String adapter : List.of("RSocket", "AMQP")) {
            FrontDoor door = door(adapter);
            assertThatThrownBy(() -> door.set("surge", 0)).hasMessageStartingWith("surge: 0 (expected: 1;");
            saw(door, "surge", "0 is refused");
        }
    }

    @Test
    void a_target_is_where_connections_go_and_another_one_is_refused_alike() throws Exception {
        for (String adapter : ADAPTERS) {
            FrontDoor door = door(adapter);
            PodFile pods = pods();
            pods.write(2);
            door.set("target", pods.target());
            try (FrontDoor.Opened opened = door.open()) {
                assertThat(opened.status().endpoints())
                        .singleElement()
                        .satisfies(pod -> assertThat(pod.endpoint().identity()).isEqualTo("pod-2"));
            }
            FrontDoor refused = door(adapter);
            assertThatThrownBy(() -> refused.set("target", "pods"))
                    .isInstanceOf(io.evenkeel.endpoint.InvalidTargetException.class);
            FrontDoor unknown = door(adapter);
            unknown.set("target", "nowhere:///pods");
            assertThatThrownBy(unknown::open).isInstanceOf(io.evenkeel.endpoint.InvalidTargetException.class);
            saw(door, "target", "connects there");
        }
    }

    @Test
    void a_name_is_that_of_the_thread_and_of_the_bean_unless_it_is_not_to_be_shown() throws Exception {
        for (String adapter : ADAPTERS) {
            FrontDoor door = door(adapter);
            String name = "named-" + adapter;
            door.set("target", pods().target());
            door.set("name", name);
            try (FrontDoor.Opened opened = door.open()) {
                assertThat(opened.status().pool()).isEqualTo(name);
                assertThat(isShown(name)).isTrue();
                assertThat(Thread.getAllStackTraces().keySet())
                        .extracting(Thread::getName)
                        .contains("evenkeel-" + name + "-control");
            }
            FrontDoor hidden = door(adapter);
            hidden.set("target", pods().target());
            hidden.set("name", name + "-hidden");
            hidden.set("jmx", false);
            try (FrontDoor.Opened opened = hidden.open()) {
                assertThat(opened.status().closed()).isFalse();
                assertThat(isShown(name + "-hidden")).isFalse();
            }
            saw(door, "name", "thread, JMX");
            saw(door, "jmx", "no MBean");
        }
    }

    @Test
    void the_status_has_the_source_with_its_bound_its_requests_its_last_failure_and_its_changes() throws Exception {
        for (String adapter : ADAPTERS) {
            FrontDoor door = door(adapter);
            PodFile pods = pods();
            pods.write(0, 1);
            door.set("target", pods.target());
            door.set("watch", WatcherConfig.builder().settle(Duration.ZERO).build());
            try (FrontDoor.Opened opened = door.open()) {
                pods.write(0, 1, 2);
                await().atMost(SOON).until(() -> source(opened).changes().size() == 2);
                // a source is asked for its count after each report, on a thread of its own
                await().atMost(SOON).until(() -> source(opened).requests() >= 2);
                SourceStatus healthy = source(opened);
                assertThat(healthy.target()).as(adapter).isEqualTo(pods.target());
                assertThat(healthy.health()).as(adapter).isEqualTo(SourceHealth.HEALTHY);
                assertThat(healthy.freshFor()).as(adapter).isEqualTo(Duration.ofSeconds(12));
                assertThat(healthy.age()).as(adapter).isBetween(Duration.ZERO, healthy.freshFor());
                assertThat(healthy.reason()).as(adapter).startsWith("endpoints changed: +pod-2@");
                assertThat(healthy.lastFailure()).as(adapter).isNull();
                assertThat(healthy.changes().get(0).what()).as(adapter).contains("+pod-0@", "+pod-1@");
                assertThat(healthy.changes().get(1).what()).as(adapter).isEqualTo(healthy.reason());
                assertThat(healthy.changes().get(0).ago())
                        .as("the older one first, " + adapter)
                        .isGreaterThan(healthy.changes().get(1).ago());

                pods.spoil();
                await().atMost(SOON).until(() -> source(opened).health() == SourceHealth.STALE);
                SourceStatus stale = source(opened);
                assertThat(stale.reason())
                        .as(adapter)
                        .contains("not valid JSON")
                        .isEqualTo(stale.lastFailure());
                await("the count of " + adapter)
                        .atMost(SOON)
                        .until(() -> source(opened).requests() > healthy.requests());

                pods.write(0, 1, 2);
                await().atMost(SOON).until(() -> source(opened).health() == SourceHealth.HEALTHY);
                assertThat(source(opened).lastFailure())
                        .as("also after it recovered, " + adapter)
                        .isEqualTo(stale.lastFailure());
                assertThat(source(opened).changes()).as(adapter).hasSize(2);
            }
        }
    }

    private static SourceStatus source(FrontDoor.Opened opened) {
        return opened.status().source();
    }

    private static boolean isShown(String pool) throws Exception {
        return ManagementFactory.getPlatformMBeanServer()
                .isRegistered(new ObjectName("io.evenkeel:type=Pool,name=" + ObjectName.quote(pool)));
    }

    @Test
    void the_default_name_is_the_services() throws Exception {
        for (String adapter : ADAPTERS) {
            FrontDoor door = door(adapter);
            door.set("target", pods().target());
            try (FrontDoor.Opened opened = door.open()) {
                // The file is called pods.json.
                assertThat(opened.status().pool()).isEqualTo("pods");
            }
        }
    }

    @Test
    void a_client_id_decides_where_its_connections_go() throws Exception {
        for (String adapter : ADAPTERS) {
            Set<String> places = new HashSet<>();
            for (int client = 0; client < 8; client++) {
                places.add(placed(adapter, "client-" + client, "node", null).identity());
            }
            assertThat(places).as(adapter).hasSizeGreaterThan(1);
            assertThat(placed(adapter, "client-0", "node", null)).isEqualTo(placed(adapter, "client-0", "node", null));
            saw(door(adapter), "clientId", "places differ");
        }
    }

    @Test
    void a_zone_and_a_node_keep_connections_in_their_zone() throws Exception {
        for (String adapter : ADAPTERS) {
            String before =
                    String.valueOf(placed(adapter, "client-0", "node", null).zone());
            String other = before.equals("a") ? "b" : "a";
            assertThat(placed(adapter, "client-0", "zone", other).zone()).isEqualTo(other);
            String node = other.equals("a") ? "node-1" : "node-4";
            assertThat(placed(adapter, "client-0", "node", node).zone()).isEqualTo(other);
            saw(door(adapter), "zone", "stays in it");
            saw(door(adapter), "node", "its zone");
        }
    }

    /** Where the only connection of a client goes. */
    private Endpoint placed(String adapter, String client, String setting, String value) throws Exception {
        FrontDoor door = door(adapter);
        door.set("target", pods().target());
        door.set("clientId", client);
        door.set(setting, value);
        try (FrontDoor.Opened opened = door.open()) {
            return await().atMost(SOON).until(() -> planned(opened.status()), pod -> pod != null);
        }
    }

    private static Endpoint planned(PoolStatus status) {
        return status.endpoints().stream()
                .filter(pod -> pod.plannedSeats() > 0)
                .map(EndpointStatus::endpoint)
                .findFirst()
                .orElse(null);
    }

    @Test
    void a_listener_and_a_recorder_receive_what_happens() throws Exception {
        for (String adapter : ADAPTERS) {
            FrontDoor door = door(adapter);
            List<EvenkeelEvent> events = new CopyOnWriteArrayList<>();
            Recorder recorder = new Recorder();
            EvenkeelListener listener = events::add;
            door.set("target", pods().target());
            door.set("listener", listener);
            door.set("metrics", recorder);
            try (FrontDoor.Opened opened = door.open()) {
                await().atMost(SOON)
                        .until(() -> events.stream().anyMatch(EvenkeelEvent.ConnectionOpened.class::isInstance));
                await().atMost(SOON).until(() -> recorder.measured.contains("connectionOpened"));
                assertThat(opened.status().open()).isPositive();
            }
            await().atMost(SOON).until(() -> recorder.measured.contains("poolClosed"));
            assertThat(recorder.measured).contains("poolStarted");
            saw(door, "listener", "receives events");
            saw(door, "metrics", "recorded");
        }
    }

    @Test
    void a_connection_at_its_maximum_age_is_replaced() throws Exception {
        for (String adapter : ADAPTERS) {
            FrontDoor door = door(adapter);
            List<EvenkeelEvent> events = new CopyOnWriteArrayList<>();
            EvenkeelListener listener = events::add;
            door.set("target", pods().target());
            door.set("listener", listener);
            door.set("maxConnectionAge", Duration.ofMillis(300));
            try (FrontDoor.Opened opened = door.open()) {
                await().atMost(SOON)
                        .until(() -> events.stream()
                                        .filter(EvenkeelEvent.ConnectionOpened.class::isInstance)
                                        .count()
                                > 1);
                assertThat(opened.status().closed()).isFalse();
            }
            saw(door, "maxConnectionAge", "replaced");
        }
    }

    @Test
    void every_public_setter_of_every_front_door_is_looked_at() throws Exception {
        for (String adapter : ADAPTERS) {
            FrontDoor door = door(adapter);
            Set<String> lookedAt = new TreeSet<>(AdapterSettingsTest.lookedAt(adapter));
            lookedAt.add("target");
            common().forEach(setting -> lookedAt.add(door.called(setting.name())));
            assertThat(door.setters()).as(adapter).containsExactlyElementsOf(lookedAt);
        }
    }

    @Test
    void the_documentation_has_every_setting() throws Exception {
        String text = Files.readString(Path.of("..", "docs", "configuration.md"));
        for (String adapter : ADAPTERS) {
            for (String setting : door(adapter).setters()) {
                Matcher row = Pattern.compile("(?m)^\\|[^|]*`" + setting + "`[^|]*\\|")
                        .matcher(text);
                boolean documented = row.find() || setting.equals("settings") && text.contains("`settings(…)`");
                assertThat(documented)
                        .as("%s of %s in docs/configuration.md", setting, adapter)
                        .isTrue();
            }
        }
    }
}
