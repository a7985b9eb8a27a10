package io.evenkeel.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import io.evenkeel.it.SettingsProbes.Probe;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Every property of {@code HikariConfig}, set to something else than its default on HikariCP and on Evenkeel at the same real
 * server: what becomes of it is the same, except for the properties of which docs/hikari.md says that they are changed or
 * refused. It prints the table of differences.
 */
@RequiresPostgres
@RequiresMariaDb
class HikariSettingsIT {
    private static final Path TABLE = Path.of("..", "docs", "hikari.md");
    private static final String HOUSEKEEPING = "com.zaxxer.hikari.housekeeping.periodMs";

    /** So that HikariCP looks at what was changed live as often as Evenkeel does. */
    @BeforeAll
    static void hurryHikari() {
        System.setProperty(HOUSEKEEPING, "500");
    }

    @AfterAll
    static void leaveHikari() {
        System.clearProperty(HOUSEKEEPING);
    }

    /** Both servers at once, since nearly all of it is waiting. */
    @Test
    void settings_differ_from_hikari_as_documented_only() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            List<Future<Void>> both = List.of(
                    threads.submit(() -> {
                        try (SettingsBed bed = new SettingsBed.Postgres()) {
                            return compare("PostgreSQL", bed);
                        }
                    }),
                    threads.submit(() -> {
                        try (SettingsBed bed = new SettingsBed.MariaDb()) {
                            return compare("MariaDB", bed);
                        }
                    }));
            for (Future<Void> each : both) {
                each.get();
            }
        } finally {
            threads.shutdownNow();
            assertThat(threads.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
        }
        Leaks.awaitNoThreads();
    }

    private static Void compare(String server, SettingsBed bed) throws Exception {
        List<Probe> probes = SettingsProbes.all(bed);
        assertThat(probes).extracting(Probe::property).containsExactlyInAnyOrderElementsOf(properties());
        Map<String, String> observed = new LinkedHashMap<>();
        Map<String, String> expected = new LinkedHashMap<>();
        Map<String, String> differences = new TreeMap<>();
        for (Probe probe : probes) {
            String ofHikari = run(probe, bed, false);
            String ofEvenkeel = run(probe, bed, true);
            expected.put(probe.property(), probe.expected());
            observed.put(probe.property(), ofHikari);
            if (!ofEvenkeel.equals(ofHikari)) {
                differences.put(probe.property(), "| " + ofHikari + " | " + ofEvenkeel + " |");
            }
        }
        print(server, probes.size(), differences);
        assertThat(observed).as("what HikariCP does, as it documents it").isEqualTo(expected);
        assertThat(differences.keySet())
                .as("properties by which the two differ, of %s", differences)
                .isEqualTo(documentedDifferences());
        return null;
    }

    private static String run(Probe probe, SettingsBed bed, boolean evenkeel) throws Exception {
        try (SettingsTrial trial = new SettingsTrial(bed, evenkeel)) {
            return probe.trying().run(trial);
        } catch (SettingsTrial.Refused e) {
            return "refused: " + firstWords(e.getCause());
        }
    }

    private static String firstWords(Throwable reason) {
        String message = String.valueOf(reason.getMessage());
        return message.length() <= 100 ? message : message.substring(0, 100) + "…";
    }

    private static void print(String server, int count, Map<String, String> differences) {
        StringBuilder table = new StringBuilder(server + ": " + count + " properties, " + differences.size()
                + " differ\n| property | HikariCP | Evenkeel |\n|---|---|---|");
        differences.forEach((property, both) ->
                table.append("\n| `").append(property).append("` ").append(both));
        System.out.println(table);
    }

    private static TreeSet<String> properties() {
        TreeSet<String> names = new TreeSet<>();
        for (Method method : HikariConfig.class.getMethods()) {
            if (method.getName().startsWith("set") && method.getParameterCount() == 1) {
                String name = method.getName().substring(3);
                names.add(Character.toLowerCase(name.charAt(0)) + name.substring(1));
            }
        }
        return names;
    }

    private static TreeSet<String> documentedDifferences() throws IOException {
        TreeSet<String> names = new TreeSet<>();
        for (String line : Files.readAllLines(TABLE)) {
            if (line.startsWith("| `")) {
                String[] cells = line.split("\\|");
                String verdict = cells[2].strip();
                if (verdict.startsWith("changed") || verdict.startsWith("refused")) {
                    names.add(cells[1].strip().replace("`", ""));
                }
            }
        }
        return names;
    }
}
