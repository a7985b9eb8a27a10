package io.evenkeel.pick;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongFunction;
import org.junit.jupiter.api.Test;

/**
 * The rotation beside other rules, over rates and faults, as {@code target/choices.md}:
 * {@code mvn -q -pl core -am test -Dtest=ChoiceTableTest -Dsurefire.failIfNoSpecifiedTests=false}.
 */
class ChoiceTableTest {

    private static final double[] RATES = {1, 20, 300, 2000};

    private static final Map<String, LongFunction<Chooser>> CHOOSERS = new LinkedHashMap<>();

    static {
        CHOOSERS.put("rotation", Chooser::rotation);
        CHOOSERS.put("round robin", seed -> Chooser.roundRobin());
        CHOOSERS.put("rsocket-java weighted (model)", Chooser::weightedStatistics);
        CHOOSERS.put("two choices", Chooser::twoChoices);
        CHOOSERS.put("least in flight", Chooser::leastInFlight);
    }

    /** One row: makes its Pods, runs, and gives one figure. */
    private interface Scenario {
        String run(Chooser chooser, double perSecond);
    }

    private static SimulatedPod[] pods(int count, double millis) {
        SimulatedPod[] pods = Simulation.pods(count);
        Arrays.stream(pods).forEach(pod -> pod.work = SimulatedPod.exponential(millis));
        return pods;
    }

    private static Simulation simulation(Chooser chooser, double perSecond, SimulatedPod... pods) {
        Simulation simulation = new Simulation(chooser, 1, pods);
        simulation.open(perSecond, false);
        return simulation;
    }

    private static String lowestAndHighest(double[] shares) {
        return String.format(
                Locale.ROOT,
                "%.2f–%.2f",
                Arrays.stream(shares).min().orElseThrow(),
                Arrays.stream(shares).max().orElseThrow());
    }

    private static String equal(Chooser chooser, double perSecond) {
        Simulation simulation = simulation(chooser, perSecond, pods(4, 5));
        simulation.runRequests(400);
        return lowestAndHighest(simulation.shares(0, Long.MAX_VALUE));
    }

    private static String equalErrors(Chooser chooser, double perSecond) {
        SimulatedPod[] pods = pods(4, 5);
        Arrays.stream(pods).forEach(pod -> pod.errorRate = 0.05);
        Simulation simulation = simulation(chooser, perSecond, pods);
        simulation.runRequests(2_000);
        return lowestAndHighest(simulation.shares(0, Long.MAX_VALUE));
    }

    private static String weights(Chooser chooser, double perSecond) {
        SimulatedPod[] pods = pods(3, 5);
        pods[1].weight = 2;
        pods[2].weight = 3;
        Simulation simulation = simulation(chooser, perSecond, pods);
        simulation.runRequests(600);
        return lowestAndHighest(simulation.shares(0, Long.MAX_VALUE));
    }

    private static String failing(Chooser chooser, double perSecond) {
        SimulatedPod[] pods = pods(4, 20);
        pods[0].errorRate = 1;
        pods[0].failsIn = 1.0;
        Simulation simulation = simulation(chooser, perSecond, pods);
        simulation.run(Duration.ofSeconds(61));
        long second = Duration.ofSeconds(1).toNanos();
        return String.format(Locale.ROOT, "%.3f", simulation.shares(second, Long.MAX_VALUE)[0] / 4);
    }

    private static String slower(Chooser chooser, double perSecond) {
        SimulatedPod[] pods = pods(8, 5);
        for (SimulatedPod pod : pods) {
            pod.work = SimulatedPod.fixed(20);
            pod.workers = 8;
        }
        pods[0].work = SimulatedPod.fixed(80);
        Simulation simulation = simulation(chooser, perSecond, pods);
        simulation.run(Duration.ofSeconds(30));
        return String.format(
                Locale.ROOT, "%.0f / %.0f", simulation.percentileMillis(0.95), simulation.percentileMillis(0.99));
    }

    private static String silent(Chooser chooser, double perSecond) {
        SimulatedPod[] pods = pods(3, 5);
        Simulation simulation = simulation(chooser, perSecond, pods);
        simulation.run(Duration.ofSeconds(10));
        pods[0].silent = true;
        long from = simulation.now();
        simulation.run(Duration.ofSeconds(20));
        return Long.toString(pods[0].receivedBetween(from, Long.MAX_VALUE));
    }

    private static String slowStart(Chooser chooser, double perSecond) {
        SimulatedPod[] pods = pods(3, 5);
        Simulation simulation = simulation(chooser, perSecond, pods[0], pods[1]);
        simulation.run(Duration.ofSeconds(20));
        long joined = simulation.now();
        pods[2].rampingSince = joined;
        pods[2].slowStart = Duration.ofSeconds(60);
        simulation.pods = pods;
        simulation.run(Duration.ofSeconds(60));
        long third = Duration.ofSeconds(20).toNanos();
        return String.format(
                Locale.ROOT,
                "%.2f, %.2f, %.2f",
                simulation.shares(joined, joined + third)[2],
                simulation.shares(joined + third, joined + 2 * third)[2],
                simulation.shares(joined + 2 * third, Long.MAX_VALUE)[2]);
    }

    private static Map<String, Scenario> scenarios() {
        Map<String, Scenario> scenarios = new LinkedHashMap<>();
        scenarios.put("4 equal Pods, 400 requests: shares, 1 is fair", ChoiceTableTest::equal);
        scenarios.put("4 Pods, 5 % errors each: shares", ChoiceTableTest::equalErrors);
        scenarios.put("weights 1:2:3: shares of their weight", ChoiceTableTest::weights);
        scenarios.put("slow start of 60 s: the third Pod's share, by thirds", ChoiceTableTest::slowStart);
        scenarios.put("1 of 4 fails in 1 ms: its part after a second", ChoiceTableTest::failing);
        scenarios.put("1 of 8 takes 80 ms, not 20: p95 / p99 in ms", ChoiceTableTest::slower);
        scenarios.put("1 of 3 silent for 20 s: requests lost", ChoiceTableTest::silent);
        return scenarios;
    }

    @Test
    void the_table_of_rates_and_faults_is_written() throws IOException {
        StringBuilder table = new StringBuilder("| scenario | requests/s |");
        CHOOSERS.keySet().forEach(name -> table.append(' ').append(name).append(" |"));
        table.append("\n|---|---|").append("---|".repeat(CHOOSERS.size())).append('\n');
        scenarios().forEach((name, scenario) -> {
            for (double rate : RATES) {
                table.append(String.format(Locale.ROOT, "| %s | %.0f |", name, rate));
                CHOOSERS.values()
                        .forEach(chooser -> table.append(' ')
                                .append(scenario.run(chooser.apply(1), rate))
                                .append(" |"));
                table.append('\n');
            }
        });
        Path file = Path.of("target", "choices.md");
        Files.createDirectories(file.getParent());
        Files.writeString(file, table);
        assertThat(table.toString().lines()).hasSize(2 + scenarios().size() * RATES.length);
    }
}
