package io.evenkeel.demo;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** The queries of one kind of client that ended within some time. Immutable. */
record Slice(List<Sample> samples) {
    Slice {
        samples = List.copyOf(samples);
    }

    long answered() {
        return samples.stream().filter(sample -> !sample.failed()).count();
    }

    List<Sample> failures() {
        return samples.stream().filter(Sample::failed).toList();
    }

    /** Answered queries by Pod. */
    Map<String, Long> byPod() {
        return samples.stream()
                .filter(sample -> !sample.failed() && sample.pod() != null)
                .collect(Collectors.groupingBy(
                        sample -> Objects.requireNonNull(sample.pod()), TreeMap::new, Collectors.counting()));
    }

    /** The part of the answered queries that a Pod answered, 0 to 1. */
    double share(String pod) {
        long all = answered();
        return all == 0 ? 0 : (double) byPod().getOrDefault(pod, 0L) / all;
    }

    /** The busiest Pod's queries over the mean of the given Pods; 1 is even. */
    double maxOverMean(Collection<String> pods) {
        Map<String, Long> counts = byPod();
        long max = pods.stream()
                .mapToLong(pod -> counts.getOrDefault(pod, 0L))
                .max()
                .orElse(0);
        double mean = pods.stream()
                .mapToLong(pod -> counts.getOrDefault(pod, 0L))
                .average()
                .orElse(0);
        return mean == 0 ? Double.NaN : max / mean;
    }

    /** The exact 99th percentile of the latency of answered queries, from when they were due; milliseconds. */
    double p99Millis() {
        long[] latencies = samples.stream()
                .filter(sample -> !sample.failed())
                .mapToLong(sample -> sample.ended() - sample.due())
                .sorted()
                .toArray();
        return latencies.length == 0 ? Double.NaN : latencies[(int) Math.ceil(latencies.length * 0.99) - 1] / 1e6;
    }

    /** Failures by reason, most frequent first. */
    String reasons() {
        Map<String, Long> counts = failures().stream()
                .collect(Collectors.groupingBy(
                        sample -> String.valueOf(sample.failure()), TreeMap::new, Collectors.counting()));
        return counts.entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
                .map(entry -> entry.getValue() + " x " + entry.getKey())
                .collect(Collectors.joining(", "));
    }
}
