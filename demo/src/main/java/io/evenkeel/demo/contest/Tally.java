package io.evenkeel.demo.contest;

import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/**
 * What became of the requests of one phase. Latencies are those of answered requests, from the moment at which a
 * request was due: one that was sent late because the client was busy counts its wait. Thread-safe.
 */
public final class Tally {
    private static final int DIGITS = 3;

    private final LongAdder issued = new LongAdder();
    private final LongAdder answered = new LongAdder();
    private final Map<String, LongAdder> byPod = new ConcurrentSkipListMap<>();
    private final Map<String, LongAdder> failures = new ConcurrentSkipListMap<>();
    private final Histogram latency = new ConcurrentHistogram(DIGITS);

    Tally() {}

    /** Of several clients or phases together, as they stand now. */
    public static Tally sum(Collection<Tally> tallies) {
        Tally sum = new Tally();
        for (Tally tally : tallies) {
            sum.issued.add(tally.issued());
            sum.answered.add(tally.answered());
            tally.byPod.forEach((pod, count) ->
                    sum.byPod.computeIfAbsent(pod, name -> new LongAdder()).add(count.sum()));
            tally.failures.forEach((reason, count) -> sum.failures
                    .computeIfAbsent(reason, text -> new LongAdder())
                    .add(count.sum()));
            sum.latency.add(tally.latency);
        }
        return sum;
    }

    void sent() {
        issued.increment();
    }

    void answered(String pod, long latencyNanos) {
        answered.increment();
        byPod.computeIfAbsent(pod, name -> new LongAdder()).increment();
        latency.recordValue(Math.max(0, latencyNanos));
    }

    void failed(Throwable cause) {
        String message = String.valueOf(cause.getMessage()).lines().findFirst().orElse("");
        String reason = cause.getClass().getSimpleName() + ": " + message;
        failures.computeIfAbsent(reason, text -> new LongAdder()).increment();
    }

    public long issued() {
        return issued.sum();
    }

    public long answered() {
        return answered.sum();
    }

    public long failed() {
        return failures.values().stream().mapToLong(LongAdder::sum).sum();
    }

    /** Failures of this exception, by its simple name. */
    public long failed(String exception) {
        return failures.entrySet().stream()
                .filter(entry -> entry.getKey().startsWith(exception + ":"))
                .mapToLong(entry -> entry.getValue().sum())
                .sum();
    }

    /** Neither answered nor failed, so far. */
    public long outstanding() {
        return issued() - answered() - failed();
    }

    /** Answers by the name of the Pod that gave them. */
    public Map<String, Long> byPod() {
        Map<String, Long> counts = new TreeMap<>();
        byPod.forEach((pod, count) -> counts.put(pod, count.sum()));
        return counts;
    }

    /** The part of the answers that this Pod gave: 0 to 1, NaN without answers. */
    public double share(String pod) {
        return byPod().getOrDefault(pod, 0L) / (double) answered();
    }

    /** Latency in milliseconds. */
    public double percentile(double percent) {
        return latency.getValueAtPercentile(percent) / 1e6;
    }

    /** Failures by reason, as one line. */
    public String reasons() {
        return failures.entrySet().stream()
                .map(entry -> entry.getValue() + " x " + entry.getKey())
                .collect(Collectors.joining(", "));
    }

    @Override
    public String toString() {
        return "issued " + issued() + ", answered " + answered() + " " + byPod() + ", failed " + failed()
                + (failed() == 0 ? "" : " (" + reasons() + ")");
    }
}
