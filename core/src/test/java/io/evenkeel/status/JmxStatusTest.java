package io.evenkeel.status;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointCondition;
import io.evenkeel.watch.SourceHealth;
import java.lang.management.ManagementFactory;
import java.net.ConnectException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import javax.management.Attribute;
import javax.management.InstanceNotFoundException;
import javax.management.JMX;
import javax.management.MBeanAttributeInfo;
import javax.management.MBeanInfo;
import javax.management.MBeanServer;
import javax.management.MBeanServerFactory;
import javax.management.ObjectName;
import javax.management.openmbean.CompositeData;
import javax.management.openmbean.TabularData;
import org.junit.jupiter.api.Test;

class JmxStatusTest {

    private static final String QUOTED = "jmx:test \"a\", b=*?\\c\nd";

    private final MBeanServer server = ManagementFactory.getPlatformMBeanServer();
    private final AtomicReference<PoolStatus> status = new AtomicReference<>(status("orders", Duration.ofMillis(2500)));

    @Test
    void every_attribute_can_be_read_by_a_client_that_has_none_of_our_classes() throws Exception {
        try (JmxStatus jmx = JmxStatus.register("orders", status::get)) {
            ObjectName name = new ObjectName("io.evenkeel:type=Pool,name=\"orders\"");
            assertThat(jmx.name()).isEqualTo(name);
            Map<String, Object> read = readAll(name);
            Object[] endpoints = (Object[]) Objects.requireNonNull(read.remove("Endpoints"));
            assertThat(((TabularData) Objects.requireNonNull(read.remove("Settings"))).get(new Object[] {"surge"}))
                    .satisfies(row -> assertThat(row.get("value")).isEqualTo("1"));
            assertThat((String[]) read.remove("SetChanges")).containsExactly("9 s ago: endpoints changed: +pg-0");
            assertThat(read)
                    .containsExactlyInAnyOrderEntriesOf(Map.ofEntries(
                            Map.entry("Pool", "orders"),
                            Map.entry("Target", "static:///10.0.0.1:5432"),
                            Map.entry("AgeSeconds", 90.0),
                            Map.entry("Seats", 10),
                            Map.entry("Open", 10),
                            Map.entry("InUse", 10),
                            Map.entry("Idle", 10),
                            Map.entry("Connecting", 10),
                            Map.entry("Waiting", 3),
                            Map.entry("Acquired", 400L),
                            Map.entry("TimedOut", 5L),
                            Map.entry("StickingStreams", 6),
                            Map.entry("Source", "HEALTHY"),
                            Map.entry("SourceTarget", "dns:///pg:5432"),
                            Map.entry("SourceAgeSeconds", 2.5),
                            Map.entry("SourceFreshForSeconds", 120.0),
                            Map.entry("SourceReason", "first answer"),
                            Map.entry("SourceLastFailure", "SERVFAIL"),
                            Map.entry("SourceRequests", 12L),
                            Map.entry("PlanReason", "endpoints changed"),
                            Map.entry("MovesPending", 2),
                            Map.entry("Moves", 17L),
                            Map.entry("Closed", false)));
            assertThat(endpoints).hasSize(2).hasOnlyElementsOfType(CompositeData.class);
            assertThat(values((CompositeData) endpoints[0])).isEqualTo(ejectedEndpoint());
            assertThat(((CompositeData) endpoints[1]).get("ejectedForSeconds")).isNull();
            assertThat(((CompositeData) endpoints[1]).get("zone")).isNull();
            assertThat(((CompositeData) endpoints[1]).get("address")).isEqualTo("[fd00::2]:5432");
        }
    }

    private static Map<String, Object> ejectedEndpoint() {
        Map<String, Object> expected = new HashMap<>();
        expected.put("identity", "pg-0");
        expected.put("address", "10.0.0.1:5432");
        expected.put("zone", "z1");
        expected.put("condition", "TERMINATING");
        expected.put("plannedSeats", 1);
        expected.put("seats", 2);
        expected.put("open", 3);
        expected.put("connecting", 4);
        expected.put("inUse", 5);
        expected.put("idle", 6);
        expected.put("draining", 7);
        expected.put("leaving", true);
        expected.put("ejectedForSeconds", 12.0);
        expected.put("lastError", "10.0.0.1:5432: ConnectException: refused");
        expected.put("lastErrorCause", "UNREACHABLE");
        expected.put("lastErrorSecondsAgo", 1.5);
        return expected;
    }

    @Test
    void the_bean_and_each_attribute_are_described() throws Exception {
        try (JmxStatus jmx = JmxStatus.register("orders-described", status::get)) {
            MBeanInfo info = server.getMBeanInfo(Objects.requireNonNull(jmx.name()));
            assertThat(info.getDescription()).isEqualTo("A pool of connections over the Pods behind a Service");
            assertThat(info.getAttributes())
                    .hasSizeGreaterThan(20)
                    .allSatisfy(attribute -> assertThat(attribute.getDescription())
                            .as(attribute.getName())
                            .endsWith(".")
                            .contains(" "));
        }
    }

    @Test
    void a_client_that_has_our_classes_gets_them_back() {
        try (JmxStatus jmx = JmxStatus.register("orders-proxy", status::get)) {
            PoolStatusMXBean proxy =
                    JMX.newMXBeanProxy(server, Objects.requireNonNull(jmx.name()), PoolStatusMXBean.class);
            assertThat(proxy.getMoves()).isEqualTo(17);
            EndpointAttributes endpoint = proxy.getEndpoints().get(0);
            assertThat(endpoint)
                    .usingRecursiveComparison()
                    .isEqualTo(EndpointAttributes.of(status.get().endpoints().get(0)));
        }
    }

    @Test
    void each_reading_shows_the_status_of_its_moment() throws Exception {
        try (JmxStatus jmx = JmxStatus.register("orders-anew", status::get)) {
            status.set(status("renamed", null));
            ObjectName name = Objects.requireNonNull(jmx.name());
            assertThat(server.getAttribute(name, "Pool")).isEqualTo("renamed");
            assertThat(server.getAttribute(name, "SourceAgeSeconds")).isNull();
        }
    }

    @Test
    void a_name_of_odd_characters_is_quoted() throws Exception {
        ObjectName name;
        try (JmxStatus jmx = JmxStatus.register(QUOTED, status::get)) {
            name = Objects.requireNonNull(jmx.name());
            assertThat(ObjectName.unquote(name.getKeyProperty("name"))).isEqualTo(QUOTED);
            assertThat(server.getAttribute(name, "Seats")).isEqualTo(10);
        }
        assertThat(server.isRegistered(name)).isFalse();
    }

    @Test
    void two_pools_of_one_name_are_both_shown() throws Exception {
        JmxStatus first = JmxStatus.register("twin", status::get);
        JmxStatus second = JmxStatus.register("twin", status::get);
        JmxStatus third = JmxStatus.register("twin", status::get);
        ObjectName plain = new ObjectName("io.evenkeel:type=Pool,name=\"twin\"");
        assertThat(first.name()).isEqualTo(plain);
        assertThat(second.name()).isEqualTo(new ObjectName(plain + ",id=2"));
        assertThat(third.name()).isEqualTo(new ObjectName(plain + ",id=3"));

        second.close();
        second.close();
        assertThat(server.isRegistered(plain)).isTrue();
        assertThat(second.name()).isNull();
        JmxStatus fourth = JmxStatus.register("twin", status::get);
        assertThat(fourth.name()).isEqualTo(new ObjectName(plain + ",id=2"));
        first.close();
        third.close();
        fourth.close();
        assertThat(server.queryNames(new ObjectName("io.evenkeel:type=Pool,name=\"twin\",*"), null))
                .isEmpty();
    }

    @Test
    void a_server_that_refuses_breaks_nothing() {
        MBeanServer refusing = (MBeanServer) java.lang.reflect.Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {MBeanServer.class}, (proxy, method, arguments) -> {
                    throw new SecurityException("no JMX here");
                });
        JmxStatus jmx = JmxStatus.register("refused", status::get, refusing);
        assertThat(jmx.name()).isNull();
        jmx.close();
    }

    @Test
    void closing_after_someone_else_unregistered_it_breaks_nothing() throws Exception {
        MBeanServer own = MBeanServerFactory.newMBeanServer();
        JmxStatus jmx = JmxStatus.register("gone", status::get, own);
        ObjectName name = Objects.requireNonNull(jmx.name());
        own.unregisterMBean(name);
        jmx.close();
        assertThatThrownBy(() -> own.getMBeanInfo(name)).isInstanceOf(InstanceNotFoundException.class);
    }

    private Map<String, Object> readAll(ObjectName name) throws Exception {
        MBeanAttributeInfo[] infos = server.getMBeanInfo(name).getAttributes();
        String[] names = new String[infos.length];
        for (int i = 0; i < infos.length; i++) {
            names[i] = infos[i].getName();
        }
        Map<String, Object> read = new HashMap<>();
        for (Attribute attribute : server.getAttributes(name, names).asList()) {
            read.put(attribute.getName(), attribute.getValue());
        }
        assertThat(read).as("no attribute failed to be read").containsOnlyKeys(names);
        return read;
    }

    private static Map<String, Object> values(CompositeData data) {
        Map<String, Object> values = new HashMap<>();
        for (String key : data.getCompositeType().keySet()) {
            values.put(key, data.get(key));
        }
        return values;
    }

    private static PoolStatus status(String pool, Duration sourceAge) {
        Endpoint leaving = Endpoint.of("pg-0", "10.0.0.1", 5432)
                .withCondition(EndpointCondition.TERMINATING)
                .withZone("z1");
        EndpointFailure refused = new EndpointFailure(
                FailureCause.UNREACHABLE,
                "10.0.0.1:5432: ConnectException: refused",
                Duration.ofMillis(1500),
                new ConnectException("refused"));
        return new PoolStatus(
                pool,
                "static:///10.0.0.1:5432",
                Duration.ofSeconds(90),
                10,
                3,
                400L,
                5L,
                6,
                List.of(
                        new EndpointStatus(leaving, 1, 2, 3, 4, 5, 6, 7, true, Duration.ofSeconds(12), refused),
                        new EndpointStatus(
                                Endpoint.of("pg-1", "fd00::2", 5432), 9, 8, 7, 6, 5, 4, 3, false, null, null)),
                new SourceStatus(
                        "dns:///pg:5432",
                        SourceHealth.HEALTHY,
                        sourceAge,
                        Duration.ofMinutes(2),
                        "first answer",
                        "SERVFAIL",
                        12,
                        List.of(new SourceStatus.SetChange(Duration.ofSeconds(9), "endpoints changed: +pg-0"))),
                "endpoints changed",
                2,
                17,
                false,
                Map.of("surge", "1"));
    }
}
