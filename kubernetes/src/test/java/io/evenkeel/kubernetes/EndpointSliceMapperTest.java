package io.evenkeel.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonStreamParser;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointCondition;
import io.evenkeel.endpoint.EndpointSet;
import io.evenkeel.kubernetes.ApiObject.SliceList;
import io.evenkeel.kubernetes.ApiObject.WatchEvent;
import io.evenkeel.kubernetes.EndpointSlice.Entry;
import io.evenkeel.kubernetes.EndpointSlice.Port;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EndpointSliceMapperTest {

    private static final String POD_IP = "198.51.100.";

    private final EndpointSliceMapper mapper = new EndpointSliceMapper("5432", AddressFamily.IPV4);

    // --- what a real API server sent ---

    @Test
    void scaling_rolling_and_deleting_are_right_at_every_step() {
        SliceList list = Recordings.list("pg-1-list.json");
        mapper.replace(list.slices());
        List<String> steps = new ArrayList<>(List.of(shorthand(mapper.endpoints())));

        for (WatchEvent event : Recordings.events("pg-2-watch-scale-3-5-rolling-2-0-delete.ndjson")) {
            apply(mapper, event);
            steps.add(shorthand(mapper.endpoints()));
        }

        assertThat(steps)
                .containsExactly(
                        "11 12 13",
                        "11 12 13 14",
                        "11 12 13 14 15",
                        "11 12 13 14 15t",
                        "11 12 13 14 15t 16",
                        "11 12 13 14t 15t 16",
                        "11 12 13 14t 15t 16 17",
                        "11 12 13t 14t 15t 16 17",
                        "11 12 13t 14t 15t 16 17 18",
                        "11 12t 13t 14t 15t 16 17 18",
                        "11 12t 13t 14t 15t 16 17 18 19",
                        "11t 12t 13t 14t 15t 16 17 18 19",
                        "11t 12t 13t 14t 15t 16 17 18 19 20",
                        "11t 12t 13t 15t 16 17 18 19 20",
                        "12t 13t 15t 16 17 18 19 20",
                        "13t 15t 16 17 18 19 20",
                        "13t 16 17 18 19 20",
                        "16 17 18 19 20",
                        "16t 17 18 19t 20t",
                        "17 18 19t 20t",
                        "17 18 20t",
                        "17 18",
                        "17t 18",
                        "17t 18t",
                        "18t",
                        "",
                        "");
        assertThat(mapper.slices()).isEmpty();
    }

    @Test
    void a_pod_has_its_name_zone_and_node() {
        mapper.replace(Recordings.list("pg-1-list.json").slices());

        Endpoint first = mapper.endpoints().get(0);
        assertThat(first.identity()).isEqualTo("pg-f7f65f4b6-g8f6f");
        assertThat(first.address()).isEqualTo("198.51.100.11:5432");
        assertThat(first.zone()).isEqualTo("zone-0");
        assertThat(first.node()).isEqualTo("node-0");
        assertThat(first.weight()).isEqualTo(1.0);
        assertThat(first.hintedZones()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"amqp", "5672", "5673"})
    void the_port_is_the_slices_own_by_name(String port) {
        EndpointSet set = EndpointSliceMapper.map(
                port,
                AddressFamily.IPV4,
                Recordings.list("big-1-list-230-pods.json").slices());

        assertThat(set.size()).isEqualTo(230);
        assertThat(set.endpoints())
                .filteredOn(endpoint -> endpoint.port() == 5672)
                .hasSize(200);
        assertThat(set.endpoints())
                .filteredOn(endpoint -> endpoint.port() == 5673)
                .hasSize(30);
    }

    @Test
    void slices_that_are_left_part_full_count_as_they_are() {
        EndpointSet set = EndpointSliceMapper.map(
                "amqp",
                AddressFamily.IPV4,
                Recordings.list("big-3-list-after-scale-down.json").slices());

        assertThat(set.size()).isEqualTo(164);
    }

    @Test
    void every_one_of_236_events_gives_the_union_of_all_slices() throws IOException {
        EndpointSliceMapper incremental = new EndpointSliceMapper("amqp", AddressFamily.IPV4);
        Map<String, JsonObject> raw = new TreeMap<>();
        JsonStreamParser lines = new JsonStreamParser(Recordings.open("big-2-watch.ndjson.gz"));
        int step = 0;
        int most = 0;
        for (WatchEvent event : Recordings.events("big-2-watch.ndjson.gz")) {
            apply(incremental, event);
            JsonObject object = lines.next().getAsJsonObject().getAsJsonObject("object");
            raw.put(event.object().slice().name(), object);
            step++;
            most = Math.max(most, incremental.endpoints().size());

            assertThat(addresses(incremental.endpoints()))
                    .as("after event %d", step)
                    .isEqualTo(addressesIn(raw.values()));
        }
        assertThat(step).isEqualTo(236);
        assertThat(most).isEqualTo(230);
        assertThat(incremental.endpoints()).hasSize(164);
    }

    @Test
    void a_watch_that_begins_with_a_list_gives_the_same_as_the_list() {
        EndpointSliceMapper incremental = new EndpointSliceMapper("amqp", AddressFamily.IPV4);
        Recordings.events("watchlist.ndjson").forEach(event -> apply(incremental, event));

        assertThat(incremental.endpoints())
                .containsExactlyElementsOf(EndpointSliceMapper.map(
                                "amqp",
                                AddressFamily.IPV4,
                                Recordings.list("big-3-list-after-scale-down.json")
                                        .slices())
                        .endpoints());
    }

    // --- the rules, one by one ---

    @ParameterizedTest
    @CsvSource({
        "true,  true,  false, READY",
        "false, true,  false, NOT_READY",
        "true,  false, false, NOT_READY",
        "false, false, false, NOT_READY",
        "false, true,  true,  TERMINATING",
        "true,  true,  true,  TERMINATING",
        "false, false, true,  NOT_READY",
        "true,  false, true,  NOT_READY"
    })
    void conditions(boolean ready, boolean serving, boolean terminating, EndpointCondition expected) {
        mapper.put(slice("a", new Pod("pg-0", "10.0.0.1").conditions(ready, serving, terminating)));

        assertThat(mapper.endpoints()).extracting(Endpoint::condition).containsExactly(expected);
    }

    @Test
    void a_pod_that_moves_between_slices_is_one_endpoint_all_the_time() {
        mapper.put(slice("a", new Pod("pg-0", "10.0.0.1")));
        Endpoint before = mapper.endpoints().get(0);

        assertThat(mapper.put(slice("b", new Pod("pg-0", "10.0.0.1")))).isFalse();
        assertThat(mapper.endpoints()).containsExactly(before);
        assertThat(mapper.put(slice("a"))).isFalse();
        assertThat(mapper.endpoints()).containsExactly(before);
    }

    @Test
    void of_two_sightings_of_a_pod_terminating_wins_and_else_ready() {
        mapper.put(slice("a", new Pod("pg-0", "10.0.0.1").conditions(false, false, false)));
        mapper.put(slice("b", new Pod("pg-0", "10.0.0.1")));
        assertThat(mapper.endpoints()).extracting(Endpoint::condition).containsExactly(EndpointCondition.READY);

        mapper.put(slice("c", new Pod("pg-0", "10.0.0.1").conditions(false, true, true)));
        assertThat(mapper.endpoints()).extracting(Endpoint::condition).containsExactly(EndpointCondition.TERMINATING);
    }

    @Test
    void of_two_pods_at_one_address_the_one_that_is_ready_is_there() {
        mapper.put(slice("a", new Pod("old", "10.0.0.1").conditions(false, true, true)));
        mapper.put(slice("b", new Pod("new", "10.0.0.1")));

        assertThat(mapper.endpoints()).extracting(Endpoint::identity).containsExactly("new");
        assertThat(mapper.endpoints()).extracting(Endpoint::condition).containsExactly(EndpointCondition.READY);

        mapper.remove("b");
        assertThat(mapper.endpoints()).extracting(Endpoint::identity).containsExactly("old");
    }

    @Test
    void without_a_pod_the_address_is_the_identity() {
        Entry entry = new Entry("10.0.0.1", true, true, false, null, null, null, null, List.of());
        mapper.put(new EndpointSlice("a", "1", "IPv4", List.of(entry), List.of(new Port("pg", "TCP", 5432))));
        mapper.put(new EndpointSlice("b", "1", "IPv4", List.of(entry), List.of(new Port("pg", "TCP", 5432))));

        assertThat(mapper.endpoints()).containsExactly(Endpoint.of("10.0.0.1", 5432));
    }

    @ParameterizedTest
    @CsvSource({"IPV4, 10.0.0.1", "IPV6, fd00::1"})
    void a_dual_stack_pod_is_one_endpoint_of_the_preferred_family(AddressFamily preferred, String expected) {
        EndpointSliceMapper dual = new EndpointSliceMapper("5432", preferred);
        dual.put(slice("four", new Pod("pg-0", "10.0.0.1")));
        dual.put(slice("six", new Pod("pg-0", "fd00::1")));

        assertThat(dual.endpoints()).extracting(Endpoint::host).containsExactly(expected);
        assertThat(dual.endpoints()).extracting(Endpoint::identity).containsExactly("pg-0");
    }

    @Test
    void a_pod_of_the_other_family_only_has_its_only_address() {
        mapper.put(slice("six", new Pod("pg-0", "fd00::1")));

        assertThat(mapper.endpoints()).extracting(Endpoint::address).containsExactly("[fd00::1]:5432");
    }

    @Test
    void hints_are_kept() {
        mapper.put(slice("a", new Pod("pg-0", "10.0.0.1").hints("zone-a", "zone-b")));

        assertThat(mapper.endpoints().get(0).hintedZones()).containsExactly("zone-a", "zone-b");
    }

    @Test
    void without_a_choice_the_only_tcp_port_is_meant() {
        EndpointSliceMapper any = new EndpointSliceMapper(null, AddressFamily.IPV4);
        any.put(new EndpointSlice(
                "a",
                "1",
                "IPv4",
                List.of(new Pod("pg-0", "10.0.0.1").entry()),
                List.of(new Port("pg", "TCP", 5432), new Port("gossip", "UDP", 7946))));

        assertThat(any.endpoints()).extracting(Endpoint::port).containsExactly(5432);
        assertThat(any.complaint()).isNull();
    }

    @Test
    void without_a_choice_several_ports_are_listed() {
        EndpointSliceMapper any = new EndpointSliceMapper(null, AddressFamily.IPV4);
        any.replace(Recordings.list("big-1-list-230-pods.json").slices());

        assertThat(any.endpoints()).isEmpty();
        assertThat(any.complaint())
                .isEqualTo("port: none named (expected: one, since there are several: amqp (5672/TCP), amqp (5673/TCP),"
                        + " metrics (9090/TCP))");
    }

    @Test
    void an_unknown_port_lists_those_there_are() {
        EndpointSliceMapper wrong = new EndpointSliceMapper("15432", AddressFamily.IPV4);
        wrong.replace(Recordings.list("pg-1-list.json").slices());

        assertThat(wrong.endpoints()).isEmpty();
        assertThat(wrong.complaint())
                .startsWith(
                        "port: 15432 (expected: name or number of one of the Pods' TCP ports, which are pg (5432/TCP);");
    }

    @Test
    void a_slice_without_endpoints_says_nothing_about_ports() {
        // As recorded: a Service scaled to zero has a slice with neither endpoints nor ports.
        mapper.put(new EndpointSlice("a", "1", "IPv4", List.of(), List.of()));

        assertThat(mapper.complaint()).isNull();
        assertThat(mapper.endpoints()).isEmpty();
    }

    @Test
    void pods_whose_port_changes_are_followed_while_both_numbers_are_there() {
        mapper.put(slice("a", new Pod("old-0", "10.0.0.1"), new Pod("old-1", "10.0.0.2")));
        mapper.put(new EndpointSlice(
                "b", "1", "IPv4", List.of(new Pod("new-0", "10.0.0.3").entry()), List.of(new Port("pg", "TCP", 6432))));

        assertThat(addresses(mapper.endpoints())).containsExactly("10.0.0.1:5432", "10.0.0.2:5432", "10.0.0.3:6432");
    }

    @Test
    void slices_that_come_and_go_in_any_order_give_what_the_last_set_gives_as_a_whole() {
        long seed = new Random().nextLong();
        System.out.println("seed: " + seed);
        Random random = new Random(seed);
        for (int round = 0; round < 300; round++) {
            String port = new String[] {null, "pg", "5432", "6432"}[random.nextInt(4)];
            AddressFamily family = AddressFamily.values()[random.nextInt(2)];
            EndpointSliceMapper incremental = new EndpointSliceMapper(port, family);
            Map<String, EndpointSlice> slices = new TreeMap<>();
            for (int step = 0; step < 30; step++) {
                List<Endpoint> before = incremental.endpoints();
                boolean changed = oneStep(random, incremental, slices);

                EndpointSet whole = EndpointSliceMapper.map(port, family, shuffled(slices.values(), random));
                assertThat(incremental.endpoints())
                        .as("seed %d, round %d, step %d", seed, round, step)
                        .containsExactlyElementsOf(whole.endpoints());
                assertThat(changed || before.equals(incremental.endpoints()))
                        .as("says so if anything changed, seed %d", seed)
                        .isTrue();
                assertThat(incremental.endpoints())
                        .extracting(Endpoint::address)
                        .as("each address once, seed %d", seed)
                        .doesNotHaveDuplicates();
            }
        }
    }

    private static boolean oneStep(Random random, EndpointSliceMapper mapper, Map<String, EndpointSlice> slices) {
        String name = "s" + random.nextInt(4);
        switch (random.nextInt(6)) {
            case 0 -> {
                slices.remove(name);
                return mapper.remove(name);
            }
            case 1 -> {
                slices.clear();
                for (int i = random.nextInt(4); i > 0; i--) {
                    slices.put("s" + i, randomSlice("s" + i, random));
                }
                return mapper.replace(slices.values());
            }
            default -> {
                EndpointSlice slice = randomSlice(name, random);
                slices.put(name, slice);
                return mapper.put(slice);
            }
        }
    }

    private static EndpointSlice randomSlice(String name, Random random) {
        boolean six = random.nextInt(3) == 0;
        List<Entry> entries = new ArrayList<>();
        for (int i = random.nextInt(5); i > 0; i--) {
            int pod = random.nextInt(6);
            // Addresses are fewer than Pods, so that they are given out again.
            String address = (six ? "fd00::" : "10.0.0.") + (1 + pod % 4);
            Pod drawn = new Pod("pg-" + pod, address)
                    .conditions(random.nextInt(4) > 0, random.nextInt(4) > 0, random.nextInt(4) == 0);
            entries.add(random.nextInt(5) == 0 ? drawn.anonymous() : drawn.entry());
        }
        List<Port> ports = new ArrayList<>();
        if (random.nextInt(8) > 0) {
            ports.add(new Port("pg", "TCP", random.nextInt(3) == 0 ? 6432 : 5432));
        }
        if (random.nextInt(6) == 0) {
            ports.add(new Port("metrics", "TCP", 9090));
        }
        return new EndpointSlice(name, "1", six ? "IPv6" : "IPv4", entries, ports);
    }

    private static List<EndpointSlice> shuffled(Collection<EndpointSlice> slices, Random random) {
        List<EndpointSlice> shuffled = new ArrayList<>(slices);
        java.util.Collections.shuffle(shuffled, random);
        return shuffled;
    }

    // --- how the tests write it down ---

    private static void apply(EndpointSliceMapper mapper, WatchEvent event) {
        EndpointSlice slice = event.object().slice();
        switch (event.type()) {
            case "ADDED", "MODIFIED" -> mapper.put(slice);
            case "DELETED" -> mapper.remove(slice.name());
            default -> assertThat(event.type()).isEqualTo("BOOKMARK");
        }
    }

    /** The last byte of each address, with a t where it is terminating. */
    private static String shorthand(List<Endpoint> endpoints) {
        Map<String, String> shown = new TreeMap<>();
        for (Endpoint endpoint : endpoints) {
            assertThat(endpoint.port()).isEqualTo(5432);
            assertThat(endpoint.condition()).isNotEqualTo(EndpointCondition.NOT_READY);
            shown.put(
                    endpoint.host().substring(POD_IP.length()),
                    endpoint.condition() == EndpointCondition.TERMINATING ? "t" : "");
        }
        List<String> words = new ArrayList<>();
        shown.forEach((address, mark) -> words.add(address + mark));
        return String.join(" ", words);
    }

    private static TreeSet<String> addresses(List<Endpoint> endpoints) {
        TreeSet<String> addresses = new TreeSet<>();
        endpoints.forEach(endpoint -> addresses.add(endpoint.address()));
        return addresses;
    }

    /** The same worked out from the text itself, for recordings in which every Pod is ready. */
    private static TreeSet<String> addressesIn(Collection<JsonObject> slices) {
        TreeSet<String> addresses = new TreeSet<>();
        for (JsonObject slice : slices) {
            if (slice.get("endpoints").isJsonNull()) {
                continue;
            }
            int port = 0;
            for (JsonElement each : slice.getAsJsonArray("ports")) {
                if (each.getAsJsonObject().get("name").getAsString().equals("amqp")) {
                    port = each.getAsJsonObject().get("port").getAsInt();
                }
            }
            for (JsonElement each : slice.getAsJsonArray("endpoints")) {
                addresses.add(each.getAsJsonObject()
                                .getAsJsonArray("addresses")
                                .get(0)
                                .getAsString() + ":" + port);
            }
        }
        return addresses;
    }

    private static EndpointSlice slice(String name, Pod... pods) {
        List<Entry> entries = new ArrayList<>();
        boolean six = false;
        for (Pod pod : pods) {
            entries.add(pod.entry());
            six |= pod.address.indexOf(':') >= 0;
        }
        return new EndpointSlice(name, "1", six ? "IPv6" : "IPv4", entries, List.of(new Port("pg", "TCP", 5432)));
    }

    private record Pod(
            String name, String address, boolean ready, boolean serving, boolean terminating, List<String> hints) {

        Pod(String name, String address) {
            this(name, address, true, true, false, List.of());
        }

        Pod conditions(boolean isReady, boolean isServing, boolean isTerminating) {
            return new Pod(name, address, isReady, isServing, isTerminating, hints);
        }

        Pod hints(String... zones) {
            return new Pod(name, address, ready, serving, terminating, List.of(zones));
        }

        Entry entry() {
            return entry(name, "uid-" + name);
        }

        Entry anonymous() {
            return entry(null, null);
        }

        private Entry entry(@Nullable String podName, @Nullable String uid) {
            return new Entry(address, ready, serving, terminating, podName, uid, "node-1", "zone-1", hints);
        }
    }

    private static EndpointSlice.Entry entry(String address, String pod, String uid) {
        return new EndpointSlice.Entry(address, true, true, false, pod, uid, null, null, List.of());
    }

    private static EndpointSlice slice(String name, String type, List<Port> ports, EndpointSlice.Entry... entries) {
        return new EndpointSlice(name, "1", type, List.of(entries), ports);
    }

    @Test
    void a_headless_service_without_ports_has_the_number_of_the_target_and_asks_for_one_without() {
        EndpointSlice slice = slice("pg-a", "IPv4", List.of(), entry("10.0.0.1", "pg-0", "u0"));
        assertThat(EndpointSliceMapper.map("5432", AddressFamily.IPV4, List.of(slice))
                        .endpoints())
                .containsExactly(Endpoint.of("pg-0", "10.0.0.1", 5432));
        for (String port : new String[] {null, "pg"}) {
            EndpointSliceMapper mapper = new EndpointSliceMapper(port, AddressFamily.IPV4);
            mapper.put(slice);
            assertThat(mapper.endpoints()).isEmpty();
            assertThat(mapper.complaint())
                    .contains("expected: a port number in the target, as in k8s:///pg.default:5432");
        }
    }

    @Test
    void where_some_slices_have_the_port_a_slice_without_ports_is_of_pods_that_lack_it() {
        EndpointSlice without = slice("pg-a", "IPv4", List.of(), entry("10.0.0.1", "pg-0", "u0"));
        EndpointSlice with =
                slice("pg-b", "IPv4", List.of(new Port("pg", "TCP", 5432)), entry("10.0.0.2", "pg-1", "u1"));
        EndpointSliceMapper mapper = new EndpointSliceMapper("5432", AddressFamily.IPV4);
        mapper.put(without);
        assertThat(mapper.endpoints()).extracting(Endpoint::identity).containsExactly("pg-0");
        mapper.put(with);
        assertThat(mapper.endpoints()).extracting(Endpoint::identity).containsExactly("pg-1");
        mapper.remove("pg-b");
        assertThat(mapper.endpoints()).extracting(Endpoint::identity).containsExactly("pg-0");
        mapper.remove("pg-a");
        assertThat(mapper.endpoints()).isEmpty();
        assertThat(mapper.complaint()).isNull();
    }

    @Test
    void slices_written_by_hand_mirrored_by_cilium_or_from_endpoints_are_slices_like_any_other() {
        List<Port> port = List.of(new Port("", "TCP", 5432));
        EndpointSlice byHand = slice("by-hand", "IPv4", port, entry("192.0.2.1", null, null));
        EndpointSlice mirrored = slice("pg-mirrored", "IPv4", port, entry("192.0.2.2", null, null));
        EndpointSlice mesh = slice("pg-mesh-abc", "IPv4", port, entry("10.9.0.1", "pg-0", null));
        EndpointSlice names = slice("pg-names", "FQDN", port, entry("db.example", null, null));
        assertThat(EndpointSliceMapper.map(null, AddressFamily.IPV4, List.of(byHand, mirrored, mesh, names))
                        .endpoints())
                .containsExactly(
                        Endpoint.of("192.0.2.1", 5432),
                        Endpoint.of("192.0.2.2", 5432),
                        Endpoint.of("db.example", 5432),
                        Endpoint.of("pg-0", "10.9.0.1", 5432));
    }

    @Test
    void a_slice_with_a_fault_is_refused_by_its_field_and_what_it_said_before_stays() {
        EndpointSliceMapper mapper = new EndpointSliceMapper("5432", AddressFamily.IPV4);
        List<Port> port = List.of(new Port("pg", "TCP", 5432));
        mapper.put(slice("pg-a", "IPv4", port, entry("10.0.0.1", "pg-0", "u0")));
        for (EndpointSlice wrong : List.of(
                slice("pg-a", "IPv4", port, entry("127.0.0.1?user=evil", "pg-0", "u0")),
                slice("pg-a", "IPv4", port, entry("fd00::1", "pg-0", "u0")),
                slice("pg-a", "IPv6", port, entry("10.0.0.1", "pg-0", "u0")),
                slice("pg-a", "FQDN", port, entry("a b", "pg-0", "u0")),
                slice("pg-a", "IPv4", port, entry("10.0.0.1", "pg\n0", "u0")),
                slice("pg-a", "IPv4", port, entry("10.0.0.1", "pg-0", "u".repeat(300))),
                slice("pg-a", "IPv4", List.of(new Port("pg", "TCP", 0)), entry("10.0.0.1", "pg-0", "u0")),
                slice("pg-a", "IPv4", List.of(new Port("pg", "TCP", 70000)), entry("10.0.0.1", "pg-0", "u0")))) {
            assertThat(mapper.put(wrong)).isTrue();
            assertThat(mapper.put(wrong)).as("said once").isFalse();
            assertThat(mapper.fault()).startsWith("EndpointSlice pg-a: ").contains("(expected: ");
            assertThat(mapper.endpoints()).extracting(Endpoint::identity).containsExactly("pg-0");
        }
        assertThat(mapper.put(slice("pg-a", "IPv4", port, entry("10.0.0.2", "pg-0", "u0"))))
                .isTrue();
        assertThat(mapper.fault()).isNull();
        assertThat(mapper.endpoints()).extracting(Endpoint::host).containsExactly("10.0.0.2");
    }
}
