package io.evenkeel.demo;

import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Plain HikariCP through a Service and Evenkeel over the Pods, side by side on real PostgreSQL servers. */
final class JdbcAct implements Act {
    private static final int PODS = 3;
    // decides where the Service sends connections, so that two runs can be compared
    private static final long SEED = 20261124;

    @Override
    public boolean play(List<String> arguments, PrintStream out) throws ActUnavailableException, InterruptedException {
        out.println("Starting " + PODS + " PostgreSQL servers (the first time their programs are unpacked)");
        try (Cluster cluster = Cluster.create(PODS, SEED)) {
            return play(cluster, out);
        } catch (IOException e) {
            throw new ActUnavailableException(e);
        }
    }

    /** The place where the clients to compare are made. */
    private static List<Fleet> fleets(Cluster cluster) {
        return List.of(Fleet.plain(cluster), Fleet.evenkeel(cluster));
    }

    private static boolean play(Cluster cluster, PrintStream out) throws IOException, InterruptedException {
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
        return summary.allReached();
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
