package io.evenkeel.demo;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What the reader sees while it runs: on a terminal a table that is drawn again twice a second below what has happened
 * so far, else a line every few seconds. While it is open on a terminal, what others write to the standard error stream
 * goes above the table.
 */
final class Screen implements AutoCloseable {
    private static final long WINDOW_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final long REDRAW_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long LINE_NANOS = TimeUnit.SECONDS.toNanos(4);

    private final PrintStream out;
    private final PrintStream originalErr = System.err;
    private final boolean terminal;
    private final Cluster cluster;
    private final Census census;
    private final Ledger ledger;
    private final long opened = System.nanoTime();
    private final Thread painter = new Thread(this::paint, "demo-screen");

    // one writer at a time; drawn is how many lines of the table stand below the cursor's home
    private final ReentrantLock lock = new ReentrantLock();
    private int drawn;
    private volatile Stage.Name stage = Stage.Name.STEADY;
    private volatile long stageBegan = opened;
    private volatile boolean closed;

    Screen(PrintStream out, boolean terminal, Cluster cluster, Census census, Ledger ledger) {
        this.out = out;
        this.terminal = terminal;
        this.cluster = cluster;
        this.census = census;
        this.ledger = ledger;
    }

    /** Whether standard output is a terminal. {@code System.console()} can't tell: newer JDKs always have one. */
    static boolean isTerminal() {
        try {
            return new ProcessBuilder("sh", "-c", "test -t 1")
                            .inheritIO()
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    void open() {
        if (terminal) {
            System.setErr(new PrintStream(new LinesAbove(), true, StandardCharsets.UTF_8));
        }
        painter.setDaemon(true);
        painter.start();
    }

    void begin(Stage.Name name) {
        stage = name;
        stageBegan = System.nanoTime();
    }

    /** Something happened: a line that stays. */
    void say(String what) {
        lock.lock();
        try {
            if (!closed) {
                erase();
                out.printf(Locale.ROOT, "%5.1f s  %s%n", seconds(opened, System.nanoTime()), what);
                redraw();
            }
        } finally {
            lock.unlock();
        }
    }

    void end(Stage stage) {
        for (Kind kind : Kind.values()) {
            Slice slice = ledger.between(kind, stage.from(), stage.to());
            if (slice.samples().isEmpty()) {
                continue;
            }
            String reasons = slice.reasons();
            say(String.format(
                    Locale.ROOT,
                    "%-20s %-9s %6d queries, %4d failed, p99 %7.1f ms, connects %s%s",
                    stage.name().label(),
                    kind.title(),
                    slice.samples().size(),
                    slice.failures().size(),
                    slice.p99Millis(),
                    stage.moves().get(kind),
                    reasons.isEmpty() ? "" : System.lineSeparator() + "           " + shorten(reasons)));
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            erase();
            out.flush();
        } finally {
            lock.unlock();
        }
        System.setErr(originalErr);
        LockSupport.unpark(painter);
    }

    private void paint() {
        while (!closed) {
            LockSupport.parkNanos(terminal ? REDRAW_NANOS : LINE_NANOS);
            lock.lock();
            try {
                if (closed) {
                    return;
                }
                if (terminal) {
                    erase();
                    redraw();
                } else {
                    out.println(line());
                }
            } finally {
                lock.unlock();
            }
        }
    }

    private void erase() {
        if (drawn > 0) {
            // up to the table's first line, and clear everything below
            out.print("\u001b[" + drawn + "A\u001b[J");
            drawn = 0;
        }
    }

    private void redraw() {
        if (terminal) {
            List<String> lines = new Table(cluster, census, ledger, WINDOW_NANOS)
                    .lines(stage, seconds(stageBegan, System.nanoTime()), stageBegan);
            lines.forEach(out::println);
            out.flush();
            drawn = lines.size();
        }
    }

    private String line() {
        return String.format(
                Locale.ROOT,
                "%5.1f s  %-20s %s",
                seconds(opened, System.nanoTime()),
                stage.label(),
                new Table(cluster, census, ledger, WINDOW_NANOS).line(stageBegan));
    }

    private static double seconds(long from, long to) {
        return (to - from) / 1e9;
    }

    private static String shorten(String text) {
        return text.length() > 300 ? text.substring(0, 300) + "..." : text;
    }

    /** Takes whole lines and says them. */
    private final class LinesAbove extends ByteArrayOutputStream {
        @Override
        public synchronized void flush() {
            String text = toString(StandardCharsets.UTF_8);
            int end = text.lastIndexOf('\n');
            if (end >= 0) {
                reset();
                writeBytes(text.substring(end + 1).getBytes(StandardCharsets.UTF_8));
                say(text.substring(0, end));
            }
        }
    }
}
