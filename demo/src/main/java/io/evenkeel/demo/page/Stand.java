package io.evenkeel.demo.page;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.evenkeel.demo.ActUnavailableException;
import java.io.IOException;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * An exhibit that opens when the first viewer comes, and what viewers see of it, four times a second. Thread-safe.
 *
 * <p>Opening, closing and every change of the exhibit happen on one thread; the states are taken on another, so that a
 * server that starts doesn't make the page stand still.
 */
final class Stand implements AutoCloseable {
    private static final long PERIOD_MILLIS = 250;
    private static final long CLOSE_SECONDS = 60;
    private static final Gson GSON = new Gson();

    private final String run;
    private final Opening opening;
    private final Broadcast broadcast = new Broadcast();
    private final AtomicBoolean asked = new AtomicBoolean();
    private final AtomicBoolean closed = new AtomicBoolean();
    private final ScheduledExecutorService stage;
    private final ScheduledExecutorService sampler;
    private volatile @Nullable Open open;

    /**
     * An exhibit that isn't open yet.
     *
     * @param run of the page's server: a page that sees another reloads itself
     */
    Stand(String run, String name, Opening opening) {
        this.run = run;
        this.opening = opening;
        stage = thread("demo-page-" + name);
        sampler = thread("demo-page-states-" + name);
    }

    /** Opens the exhibit if it isn't open yet; returns at once. */
    void ask() {
        if (asked.compareAndSet(false, true)) {
            publishPhase("starting", "Starting the servers");
            stage.execute(this::open);
        }
    }

    Broadcast broadcast() {
        return broadcast;
    }

    Answer perform(Action action, @Nullable String pod) {
        Open current = open;
        return current == null
                ? new Answer.Refused("The servers are not started yet")
                : current.director().perform(action, pod);
    }

    private void open() {
        if (closed.get()) {
            return;
        }
        try {
            Exhibit exhibit = opening.open();
            Timeline timeline = new Timeline(System::nanoTime);
            open = new Open(exhibit, timeline, new Director(exhibit, timeline, stage));
            timeline.say(exhibit.pods().size() + " Pods are ready");
            sampler.scheduleWithFixedDelay(this::sample, 0, PERIOD_MILLIS, TimeUnit.MILLISECONDS);
        } catch (ActUnavailableException | RuntimeException | Error unavailable) {
            publishPhase("unavailable", String.valueOf(unavailable.getMessage()));
        }
    }

    private void sample() {
        Open current = open;
        if (current == null || closed.get()) {
            return;
        }
        try {
            broadcast.publish(GSON.toJson(state(current)));
        } catch (IOException | RuntimeException | Error failure) {
            // thrown it would end the states for good; the next one may be had, and this one is shown as what it is
            publishPhase("unavailable", "The servers could not be counted: " + failure.getMessage());
        }
    }

    private void publishPhase(String phase, String text) {
        JsonObject state = new JsonObject();
        state.addProperty("run", run);
        state.addProperty("phase", phase);
        state.addProperty("text", text);
        broadcast.publish(GSON.toJson(state));
    }

    private JsonObject state(Open current) throws IOException {
        JsonObject state = new JsonObject();
        state.addProperty("run", run);
        state.addProperty("phase", "open");
        state.addProperty("unit", current.exhibit().unit());
        state.addProperty("seconds", rounded(current.timeline().seconds(), 10));
        JsonObject can = new JsonObject();
        can.addProperty(Action.ADD.word(), current.director().canAdd());
        can.addProperty(Action.ROLLING_UPDATE.word(), current.director().canRoll());
        state.add("can", can);
        state.add("pods", pods(current));
        JsonArray sides = new JsonArray();
        current.exhibit().sides().forEach(side -> sides.add(json(side)));
        state.add("sides", sides);
        state.add("events", GSON.toJsonTree(current.timeline().entries()));
        return state;
    }

    private static JsonArray pods(Open current) {
        JsonArray pods = new JsonArray();
        for (PodView pod : current.exhibit().pods()) {
            JsonObject object = new JsonObject();
            object.addProperty("name", pod.name());
            object.addProperty(
                    "state", pod.state().name().toLowerCase(Locale.ROOT).replace('_', ' '));
            object.addProperty("free", current.director().canStrike(pod.name()));
            pods.add(object);
        }
        return pods;
    }

    private static JsonObject json(Side side) {
        JsonObject object = new JsonObject();
        object.addProperty("key", side.key().name().toLowerCase(Locale.ROOT));
        object.addProperty("title", side.title());
        object.addProperty("rate", Math.round(side.rate()));
        object.addProperty("failed", side.failed());
        if (!Double.isNaN(side.p99Millis())) {
            object.addProperty("p99", rounded(side.p99Millis(), 10));
        }
        object.add("connections", GSON.toJsonTree(side.connections()));
        Map<String, Double> shares = side.shares().entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, share -> rounded(share.getValue(), 1000)));
        object.add("shares", GSON.toJsonTree(shares));
        return object;
    }

    private static double rounded(double value, int parts) {
        return (double) Math.round(value * parts) / parts;
    }

    /** Ends the states first, so that no viewer sees the servers end one by one; then the exhibit. */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        broadcast.close();
        sampler.shutdownNow();
        stage.shutdownNow();
        try {
            // a server that is being started is let start: what it began must be ended, too
            stage.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS);
            sampler.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Open current = open;
        if (current != null) {
            current.exhibit().close();
        }
    }

    private static ScheduledExecutorService thread(String name) {
        return Executors.newSingleThreadScheduledExecutor(work -> {
            Thread thread = new Thread(work, name);
            thread.setDaemon(true);
            return thread;
        });
    }

    private record Open(Exhibit exhibit, Timeline timeline, Director director) {}
}
