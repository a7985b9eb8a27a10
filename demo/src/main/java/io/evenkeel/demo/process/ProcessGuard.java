package io.evenkeel.demo.process;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Kills the servers that this JVM started when it is gone, however it ended. A shutdown hook can't: a JVM that is
 * killed, or halted by the build tool that started it, runs none, and servers would keep their ports and memory for
 * ever.
 *
 * <p>A shell reads the ids of the processes from a pipe, whose other end only this JVM holds; when the pipe ends, it
 * kills those that are left. Ids are taken back when their processes end, so that none is killed that only has the same
 * id. Thread-safe.
 */
public final class ProcessGuard {

    /** The signals of a terminal reach the shell, too, and must not end it before the JVM. */
    private static final String SCRIPT = """
            trap '' INT TERM HUP
            ids=' '
            while read -r change id; do
              case $change in
                +) ids="$ids$id " ;;
                -) case $ids in *" $id "*) ids="${ids%%" $id "*} ${ids#*" $id "}" ;; esac ;;
              esac
            done
            for id in $ids; do kill -KILL "$id" 2> /dev/null; done
            """;

    private static final ProcessGuard OF_THIS_JVM = new ProcessGuard();

    private final ReentrantLock lock = new ReentrantLock();
    private @Nullable OutputStream changes;

    private ProcessGuard() {}

    /** The guard of this JVM; its shell starts with the first process. */
    public static ProcessGuard ofThisJvm() {
        return OF_THIS_JVM;
    }

    /** Starts a process that does not outlive this JVM. */
    public Process start(ProcessBuilder command) throws IOException {
        Process process = command.start();
        try {
            add(List.of(process.toHandle()));
        } catch (UncheckedIOException e) {
            process.destroyForcibly();
            throw e.getCause();
        }
        return process;
    }

    /** From now on these do not outlive this JVM, either. */
    public void add(Collection<ProcessHandle> processes) {
        for (ProcessHandle process : processes) {
            write("+", process.pid());
            process.onExit().thenRun(() -> write("-", process.pid()));
        }
    }

    /** These are again left alone. */
    public void remove(Collection<ProcessHandle> processes) {
        processes.forEach(process -> write("-", process.pid()));
    }

    private void write(String change, long id) {
        lock.lock();
        try {
            OutputStream to = changes == null ? startShell() : changes;
            changes = to;
            to.write((change + " " + id + "\n").getBytes(StandardCharsets.US_ASCII));
            to.flush();
        } catch (IOException e) {
            throw new UncheckedIOException("the shell that ends servers after this JVM: " + e.getMessage(), e);
        } finally {
            lock.unlock();
        }
    }

    private static OutputStream startShell() throws IOException {
        return new ProcessBuilder("sh", "-c", SCRIPT)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start()
                .getOutputStream();
    }
}
