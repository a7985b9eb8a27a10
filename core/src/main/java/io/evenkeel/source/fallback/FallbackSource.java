package io.evenkeel.source.fallback;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.source.EndpointSource;
import io.evenkeel.source.SourceContext;
import io.evenkeel.source.SourceLifecycle;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
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
 *   believed            1 ── 0             whoever answers first; an earlier one takes over, the later ones are closed
 * </pre>
 *
 * The fields belong to the scheduler. Invariants: {@code believed <= asked}; what is after {@code believed} is closed.
 */
final class FallbackSource implements EndpointSource {

    private static final Logger LOG = LoggerFactory.getLogger(FallbackSource.class);
    private static final int NOBODY = Integer.MAX_VALUE;

    private final List<Part> parts;
    private final @Nullable Snapshot snapshot;
    private final Duration patience;
    private final SourceContext context;
    private final SourceLifecycle life = new SourceLifecycle();

    // The last that was started; one after the last is the snapshot.
    private int asked = -1;
    private int believed = NOBODY;
    private final String[] complaints;
    // Addresses of those who are known by them, because somebody who knew no names was believed before.
    private final Set<String> nameless = new HashSet<>();

    /** One of the sources, and its target for messages. */
    record Part(String target, EndpointSource source) {}

    FallbackSource(List<Part> parts, @Nullable Path snapshot, Duration patience, SourceContext context) {
        this.parts = List.copyOf(parts);
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

    @Override
    public void close() {
        life.close();
        for (Part part : parts) {
            part.source().close();
        }
    }

    private void askNext() {
        if (life.isClosed() || believed != NOBODY || asked == parts.size()) {
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
        try {
            parts.get(turn).source().start(report -> context.scheduler().execute(() -> heard(turn, report)));
        } catch (RuntimeException refused) {
            heard(turn, new Failed("it did not start: " + refused.getMessage(), refused));
        }
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
            if (believed == NOBODY) {
                life.report(report);
            }
            if (from == asked) {
                askNext();
            }
        }
    }

    private void believe(int from, Endpoints endpoints) {
        if (from != believed) {
            boolean takesOver = believed != NOBODY;
            believed = from;
            for (int later = from + 1; later <= Math.min(asked, parts.size() - 1); later++) {
                parts.get(later).source().close();
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

    /** As reported, but whoever is in use under its address is called by it for as long as it is there. */
    private Endpoints keepingIdentities(int from, Endpoints reported) {
        Set<String> there = new HashSet<>();
        List<Endpoint> kept = new ArrayList<>();
        for (Endpoint endpoint : reported.endpoints()) {
            String address = endpoint.address();
            there.add(address);
            if (from > 0 && endpoint.identity().equals(address)) {
                nameless.add(address);
            }
            kept.add(nameless.contains(address) ? called(address, endpoint) : endpoint);
        }
        nameless.retainAll(there);
        return nameless.isEmpty() ? reported : new Endpoints(kept);
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
            if (believed != NOBODY) {
                return;
            }
            if (read instanceof Endpoints endpoints) {
                // Believed, so that work can begin, and doubted, so that nothing is taken away by it.
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
