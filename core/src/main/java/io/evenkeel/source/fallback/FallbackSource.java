package io.evenkeel.source.fallback;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.source.EndpointSource;
import io.evenkeel.source.SourceCalls;
import io.evenkeel.source.SourceContext;
import io.evenkeel.source.SourceLifecycle;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks one source after another until one answers, and believes the earliest that does.
 *
 * <pre>
 *   started   0 ─────── 1 ─────── …        the next one when the last of them fails, or after the patience
 *   believed            1 ── 0             the first to answer; an earlier one takes over, the later ones are closed
 * </pre>
 *
 * The fields belong to the scheduler. Invariants: {@code believed <= asked}; what is after {@code believed} is closed.
 */
final class FallbackSource implements EndpointSource {

    private static final Logger LOG = LoggerFactory.getLogger(FallbackSource.class);
    private static final int NONE = Integer.MAX_VALUE;

    private final List<Part> parts;
    private final List<SourceCalls> calls;
    private final @Nullable Snapshot snapshot;
    private final Duration patience;
    private final SourceContext context;
    private final SourceLifecycle life = new SourceLifecycle();

    // The last that was started; one after the last is the snapshot.
    private int asked = -1;
    private volatile int believed = NONE;
    private final String[] complaints;
    // By address, the identity under which an endpoint was reported while a later source or the snapshot was believed.
    private final Map<String, String> aliases = new HashMap<>();

    /** One of the sources, and its target for messages. */
    record Part(String target, EndpointSource source) {}

    FallbackSource(List<Part> parts, @Nullable Path snapshot, Duration patience, SourceContext context) {
        this.parts = List.copyOf(parts);
        this.calls = this.parts.stream()
                .map(part -> new SourceCalls(part.target(), part.source(), context))
                .toList();
        this.snapshot = snapshot == null ? null : new Snapshot(snapshot, context, life);
        this.patience = patience;
        this.context = context;
        this.complaints = new String[parts.size()];
        Arrays.fill(complaints, "no answer");
    }

    @Override
    public void start(Observer observer) {
        life.start(observer);
        context.scheduler().execute(this::askNext);
    }

    /** The one that is believed has to keep its promise; before that there is none. */
    @Override
    public @Nullable Duration freshFor() {
        int now = believed;
        return now == NONE ? null : parts.get(now).source().freshFor();
    }

    /** Of the one that is believed. */
    @Override
    public @Nullable String trouble() {
        int now = believed;
        return now == NONE ? null : parts.get(now).source().trouble();
    }

    @Override
    public long requests() {
        return parts.stream().mapToLong(part -> part.source().requests()).sum();
    }

    @Override
    public void close() {
        life.close();
        calls.forEach(SourceCalls::close);
    }

    private void askNext() {
        if (life.isClosed() || believed != NONE || asked == parts.size()) {
            return;
        }
        asked++;
        int turn = asked;
        if (turn > 0) {
            LOG.info(
                    "{}: {}; going on with {} until it answers",
                    parts.get(turn - 1).target(),
                    complaints[turn - 1],
                    turn < parts.size() ? parts.get(turn).target() : snapshot);
        }
        if (turn == parts.size()) {
            readSnapshot();
            return;
        }
        boolean more = turn + 1 < parts.size() || snapshot != null;
        if (more) {
            context.scheduler().schedule(patience, () -> lostPatience(turn));
        }
        calls.get(turn).start(report -> context.scheduler().execute(() -> heard(turn, report)));
    }

    private void lostPatience(int turn) {
        if (turn == asked) {
            complaints[turn] = complaints[turn] + " within " + patience;
            askNext();
        }
    }

    private void heard(int from, Report report) {
        if (life.isClosed() || from > believed) {
            return;
        }
        if (report instanceof Endpoints endpoints) {
            believe(from, endpoints);
        } else if (from == believed) {
            life.report(report);
        } else {
            complaints[from] = reasonOf(report);
            if (believed == NONE) {
                life.report(report);
            }
            if (from == asked) {
                askNext();
            }
        }
    }

    private void believe(int from, Endpoints endpoints) {
        if (from != believed) {
            boolean takesOver = believed != NONE;
            believed = from;
            for (int later = from + 1; later <= Math.min(asked, parts.size() - 1); later++) {
                calls.get(later).close();
            }
            if (takesOver) {
                LOG.info(
                        "{}: answers now and is believed from here on",
                        parts.get(from).target());
            }
        }
        Endpoints known = keepingIdentities(from, endpoints);
        life.report(known);
        Snapshot file = snapshot;
        if (file != null) {
            file.save(known.endpoints());
        }
    }

    /**
     * As reported, except that an endpoint that is in use keeps the identity under which it is used: DNS knows no Pods'
     * names or other ones, and a new identity at the same address would be a new endpoint to which everything is
     * reconnected. What is at one address is taken for the same Pod until the address is gone, or until its identity
     * turns up at another address: then it is the one that has it now, and the other is called as reported.
     */
    private Endpoints keepingIdentities(int from, Endpoints reported) {
        if (from > 0) {
            remember(reported);
        }
        if (aliases.isEmpty()) {
            return reported;
        }
        Map<String, String> places = new HashMap<>();
        for (Endpoint endpoint : reported.endpoints()) {
            places.put(endpoint.identity(), endpoint.address());
        }
        List<Endpoint> kept = new ArrayList<>();
        Set<String> there = new HashSet<>();
        for (Endpoint endpoint : reported.endpoints()) {
            String address = endpoint.address();
            String alias = aliases.get(address);
            if (alias != null && !address.equals(places.getOrDefault(alias, address))) {
                aliases.remove(address);
                alias = null;
            }
            there.add(address);
            kept.add(alias == null || alias.equals(endpoint.identity()) ? endpoint : called(alias, endpoint));
        }
        aliases.keySet().retainAll(there);
        return new Endpoints(kept);
    }

    private void remember(Endpoints reported) {
        for (Endpoint endpoint : reported.endpoints()) {
            aliases.putIfAbsent(endpoint.address(), endpoint.identity());
        }
    }

    private static Endpoint called(String identity, Endpoint endpoint) {
        return new Endpoint(
                new EndpointKey(identity, endpoint.host(), endpoint.port()),
                endpoint.zone(),
                endpoint.node(),
                endpoint.weight(),
                endpoint.condition(),
                endpoint.hintedZones());
    }

    private void readSnapshot() {
        Objects.requireNonNull(snapshot).read(read -> {
            if (believed != NONE) {
                return;
            }
            if (read instanceof Endpoints endpoints) {
                // Believed, so that work can begin, and doubted, so that nothing is taken away by it.
                remember(endpoints);
                life.report(endpoints);
                life.report(new Failed("known from " + snapshot + " only: " + allComplaints(), null));
            } else {
                life.report(new Failed(allComplaints() + "; " + reasonOf(read), null));
            }
        });
    }

    private String allComplaints() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < parts.size(); i++) {
            text.append(i == 0 ? "" : "; ")
                    .append(parts.get(i).target())
                    .append(": ")
                    .append(complaints[i]);
        }
        return text.toString();
    }

    private static String reasonOf(Report report) {
        if (report instanceof Missing missing) {
            return missing.reason();
        }
        return report instanceof Failed failed ? failed.reason() : "it answered";
    }
}
