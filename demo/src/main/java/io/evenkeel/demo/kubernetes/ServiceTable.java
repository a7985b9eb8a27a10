package io.evenkeel.demo.kubernetes;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointCondition;
import io.evenkeel.endpoint.EndpointSet;
import io.evenkeel.kubernetes.EndpointSlice;
import io.evenkeel.plan.Candidate;
import io.evenkeel.plan.Plan;
import io.evenkeel.plan.Planner;
import io.evenkeel.plan.ZonePreference;
import io.evenkeel.watch.WatchSnapshot;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What is known of a Service, as lines for people. A pure function of what it is given. */
final class ServiceTable {

    private static final List<String> TITLES =
            List.of("POD", "ADDRESS", "PORT", "ZONE", "NODE", "CONDITIONS", "SLICE", "USED AS", "SEATS");

    // The summary, the reason, and an empty line.
    private static final int HEADER = 3;

    private ServiceTable() {}

    static List<String> lines(Inquiry inquiry, WatchSnapshot believed, List<EndpointSlice> slices) {
        EndpointSet set = believed.endpoints();
        Plan plan = plan(inquiry, set);
        List<List<String>> rows = new ArrayList<>();
        rows.add(TITLES);
        for (EndpointSlice slice : slices) {
            for (EndpointSlice.Entry entry : slice.endpoints()) {
                rows.add(row(slice, entry, set, plan));
            }
        }
        for (Endpoint endpoint : set.endpoints()) {
            if (slices.stream().noneMatch(slice -> isIn(endpoint, slice))) {
                rows.add(kept(endpoint, plan));
            }
        }
        List<String> lines = new ArrayList<>();
        lines.add(inquiry.target() + ": " + believed.health() + ", " + set.size() + " endpoints, "
                + set.ready().size() + " of them ready, in " + slices.size() + " slices; " + plan.seats() + " seats of "
                + inquiry.client());
        lines.add(firstLine(believed.reason()) + freshness(believed));
        lines.add("");
        lines.addAll(aligned(rows));
        return lines;
    }

    /**
     * What is in one table and not in the other, regardless of the columns' widths; the lines before the table as they
     * are.
     */
    static List<String> changes(List<String> before, List<String> now) {
        List<String> known = before.stream().map(ServiceTable::squeezed).toList();
        List<String> current = now.stream().map(ServiceTable::squeezed).toList();
        List<String> changes = new ArrayList<>();
        for (int i = 0; i < current.size(); i++) {
            if (!known.contains(current.get(i))) {
                changes.add((i < HEADER ? "" : "+ ") + now.get(i));
            }
        }
        for (int i = HEADER; i < known.size(); i++) {
            if (!current.contains(known.get(i))) {
                changes.add("- " + before.get(i));
            }
        }
        return changes;
    }

    private static String squeezed(String line) {
        return line.replaceAll(" +", " ");
    }

    /** As a pool that begins now would plan: no endpoint is held down, ejected or ramping up. */
    private static Plan plan(Inquiry inquiry, EndpointSet set) {
        List<Endpoint> usable = set.ready();
        if (usable.isEmpty()) {
            usable = set.endpoints().stream()
                    .filter(endpoint -> endpoint.condition() == EndpointCondition.TERMINATING)
                    .toList();
        }
        List<Candidate> candidates = ZonePreference.prefer(usable, inquiry.zone()).stream()
                .map(endpoint -> new Candidate(endpoint.key(), endpoint.identity(), endpoint.weight()))
                .toList();
        return Planner.plan(inquiry.client(), inquiry.seats(), candidates);
    }

    private static List<String> row(EndpointSlice slice, EndpointSlice.Entry entry, EndpointSet set, Plan plan) {
        Endpoint used = set.endpoints().stream()
                .filter(endpoint -> endpoint.host().equals(entry.address()) && hasPort(slice, endpoint.port()))
                .findFirst()
                .orElse(null);
        return List.of(
                orDash(entry.podName()),
                entry.address(),
                used == null ? ports(slice) : Integer.toString(used.port()),
                orDash(entry.zone()),
                orDash(entry.nodeName()),
                conditions(entry),
                slice.name(),
                used == null ? "-" : used.condition().name(),
                used == null ? "-" : Integer.toString(plan.seatsOf(used.key())));
    }

    /** The source no longer names it, but that is not believed yet, or not at all. */
    private static List<String> kept(Endpoint endpoint, Plan plan) {
        return List.of(
                endpoint.identity(),
                endpoint.host(),
                Integer.toString(endpoint.port()),
                orDash(endpoint.zone()),
                orDash(endpoint.node()),
                "-",
                "(none, kept)",
                endpoint.condition().name(),
                Integer.toString(plan.seatsOf(endpoint.key())));
    }

    private static boolean isIn(Endpoint endpoint, EndpointSlice slice) {
        return hasPort(slice, endpoint.port())
                && slice.endpoints().stream().anyMatch(entry -> entry.address().equals(endpoint.host()));
    }

    private static boolean hasPort(EndpointSlice slice, int number) {
        return slice.ports().isEmpty()
                || slice.ports().stream().anyMatch(port -> Objects.equals(port.number(), number));
    }

    /** Such as {@code pg=5432,metrics=9187}, so that a target that names none of them gets names to choose from. */
    private static String ports(EndpointSlice slice) {
        List<String> ports = slice.ports().stream()
                .map(port -> (port.name().isEmpty() ? "" : port.name() + "=") + port.number())
                .toList();
        return ports.isEmpty() ? "-" : String.join(",", ports);
    }

    private static String conditions(EndpointSlice.Entry entry) {
        List<String> held = new ArrayList<>();
        if (entry.ready()) {
            held.add("ready");
        }
        if (entry.serving()) {
            held.add("serving");
        }
        if (entry.terminating()) {
            held.add("terminating");
        }
        return held.isEmpty() ? "-" : String.join(",", held);
    }

    private static String orDash(@Nullable String text) {
        return text == null ? "-" : text;
    }

    private static String freshness(WatchSnapshot believed) {
        Duration bound = believed.details().freshFor();
        return bound == null ? "" : " (healthy only with an answer younger than " + bound.toSeconds() + " s)";
    }

    private static String firstLine(String text) {
        return text.lines().findFirst().orElse("");
    }

    private static List<String> aligned(List<List<String>> rows) {
        int[] widths = new int[TITLES.size()];
        for (List<String> row : rows) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        List<String> lines = new ArrayList<>();
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < widths.length; i++) {
                line.append(row.get(i)).append(" ".repeat(widths[i] - row.get(i).length() + 2));
            }
            lines.add(line.toString().stripTrailing());
        }
        return lines;
    }
}
