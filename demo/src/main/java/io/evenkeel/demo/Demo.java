package io.evenkeel.demo;

import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Runs the demonstration. Exit status 0: every promise was kept; 1: one was not; 2: it could not be run.
 */
public final class Demo {
    private static final int KEPT = 0;
    private static final int MISSED = 1;
    private static final int NOT_RUN = 2;

    private static final int PODS = 3;
    // decides where the Service sends connections, so that two runs can be compared
    private static final long SEED = 20261124;

    private Demo() {}

    /**
     * Takes about two minutes and ends the JVM.
     *
     * @param arguments none
     */
    public static void main(String[] arguments) {
        System.exit(run(System.out));
    }

    private static int run(PrintStream out) {
        out.println("Starting " + PODS + " PostgreSQL servers (the first time their programs are unpacked)");
        try (Cluster cluster = Cluster.create(PODS, SEED)) {
            return play(cluster, out);
        } catch (IOException e) {
            System.err.println("The demonstration can't be run: " + e.getMessage());
            return NOT_RUN;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return NOT_RUN;
        } catch (RuntimeException | LinkageError fault) {
            // uncaught it would end the JVM with 1, which here means something else
            fault.printStackTrace();
            return NOT_RUN;
        }
    }

    /** The place where the clients to compare are made. */
    private static List<Fleet> fleets(Cluster cluster) {
        return List.of(Fleet.plain(cluster), Fleet.evenkeel(cluster));
    }

    private static int play(Cluster cluster, PrintStream out) throws IOException, InterruptedException {
        out.printf(
                "%d client processes with %d connections each, %d queries/s, once with HikariCP through the Service"
                        + " and once with Evenkeel over the Pods%n",
                Fleet.PROCESSES, Fleet.CONNECTIONS, Load.rate());
        Ledger ledger = new Ledger();
        List<Stage> stages;
        int leftBehind;
        try (Census census = new Census(cluster)) {
            List<Fleet> fleets = fleets(cluster);
            try (Screen screen = new Screen(out, Screen.isTerminal(), cluster, census, ledger)) {
                Thread silence = new Thread(screen::close, "demo-interrupted");
                Runtime.getRuntime().addShutdownHook(silence);
                stages = underLoad(fleets, ledger, screen, new Script(cluster, census, screen));
                Runtime.getRuntime().removeShutdownHook(silence);
            } finally {
                fleets.forEach(Fleet::close);
            }
            TimeUnit.SECONDS.sleep(1);
            leftBehind = census.connections(Kind.EVENKEEL).values().stream()
                    .mapToInt(Integer::intValue)
                    .sum();
        }
        Summary summary = new Summary(stages, ledger, leftBehind);
        out.println(summary.text());
        return summary.allReached() ? KEPT : MISSED;
    }

    private static List<Stage> underLoad(List<Fleet> fleets, Ledger ledger, Screen screen, Script script)
            throws IOException, InterruptedException {
        List<Load> loads = new ArrayList<>();
        try {
            fleets.forEach(fleet -> loads.add(Load.start(fleet, ledger)));
            // every pool opens its connections, and the JIT warms up
            TimeUnit.SECONDS.sleep(3);
            screen.open();
            return script.run();
        } finally {
            loads.forEach(Load::close);
        }
    }
}
