package io.evenkeel.demo.postgres;

import io.evenkeel.demo.process.ProcessGuard;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * One run of a server: the postmaster and its children, which together are what a container would be. The postmaster's
 * id comes from the file that it writes, since the process that we started may be the one that changed the user.
 */
final class ServerProcess {
    private static final long LOOK_NANOS = TimeUnit.MICROSECONDS.toNanos(200);

    private final Process process;
    private final Path data;

    private ServerProcess(Process process, Path data) {
        this.process = process;
        this.data = data;
    }

    static ServerProcess start(List<String> command, Path data, Path log) throws IOException {
        Process process = ProcessGuard.ofThisJvm()
                .start(new ProcessBuilder(command)
                        .directory(Objects.requireNonNull(data.getParent(), "parent of data")
                                .toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile())));
        process.getOutputStream().close();
        return new ServerProcess(process, data);
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Sends a signal to the postmaster alone. */
    void signal(String signal) throws IOException {
        send(signal, List.of(postmaster()));
    }

    /**
     * SIGKILL to all of its processes at once.
     *
     * @return when the last had ended, of {@link System#nanoTime}: until then a connection to one that still runs is
     *     not broken, and dozens of them take milliseconds to end
     */
    long kill() throws IOException {
        // stopped first, so that no child is born after we looked
        signal("STOP");
        List<ProcessHandle> all = tree();
        all.forEach(ProcessHandle::destroyForcibly);
        awaitGone(all);
        long gone = System.nanoTime();
        if (!awaitExit(Duration.ofSeconds(10))) {
            throw new IOException("process: " + process.pid() + " still runs (expected: gone after SIGKILL)");
        }
        return gone;
    }

    /** SIGSTOP to all of its processes: the kernel still accepts connections for it, and nothing answers them. */
    void freeze() throws IOException {
        signal("STOP");
        List<ProcessHandle> all = tree();
        // stopped they do not notice that their postmaster has ended
        ProcessGuard.ofThisJvm().add(all);
        send("STOP", all);
    }

    void resume() throws IOException {
        send("CONT", tree());
    }

    /** The postmaster, too, which is another process than the one we started where that only changed the user. */
    void guard() throws IOException {
        ProcessGuard.ofThisJvm().add(List.of(postmaster()));
    }

    boolean awaitExit(Duration atMost) throws IOException {
        try {
            return process.waitFor(atMost.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while a server was stopping", e);
        }
    }

    private List<ProcessHandle> tree() throws IOException {
        ProcessHandle postmaster = postmaster();
        List<ProcessHandle> all = new ArrayList<>(postmaster.descendants().toList());
        all.add(postmaster);
        return all;
    }

    private ProcessHandle postmaster() throws IOException {
        try {
            long pid = Long.parseLong(
                    Files.readAllLines(data.resolve("postmaster.pid")).get(0).trim());
            return ProcessHandle.of(pid).orElse(process.toHandle());
        } catch (NoSuchFileException | IndexOutOfBoundsException | NumberFormatException notYetWritten) {
            return process.toHandle();
        }
    }

    /** Looks often, since what is measured counts from then. The next start needs the memory that they share, too. */
    private static void awaitGone(List<ProcessHandle> processes) throws IOException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (processes.stream().anyMatch(ServerProcess::runs)) {
            if (Thread.interrupted()) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted while a server was dying");
            }
            if (System.nanoTime() - deadline > 0) {
                throw new IOException("processes: " + processes + " still run (expected: gone after SIGKILL)");
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
    }

    /** One that has ended and that nothing reaps, as in a container, still has an entry, but no connection any more. */
    private static boolean runs(ProcessHandle process) {
        if (!process.isAlive()) {
            return false;
        }
        try {
            String stat = Files.readString(Path.of("/proc", Long.toString(process.pid()), "stat"));
            // the state follows the name, which may have any character in it
            return "ZX".indexOf(stat.charAt(stat.lastIndexOf(')') + 2)) < 0;
        } catch (IOException | StringIndexOutOfBoundsException noSuchEntry) {
            return process.isAlive();
        }
    }

    private static void send(String signal, List<ProcessHandle> processes) throws IOException {
        List<ProcessHandle> alive =
                processes.stream().filter(ProcessHandle::isAlive).toList();
        if (alive.isEmpty()) {
            return;
        }
        StringBuilder kill = new StringBuilder("kill -").append(signal);
        alive.forEach(handle -> kill.append(' ').append(handle.pid()));
        // some may end by themselves before the signal comes
        Command.run(List.of("sh", "-c", kill + " 2>/dev/null || true"));
    }
}
