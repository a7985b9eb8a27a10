package io.evenkeel.demo.kubernetes;

import io.evenkeel.demo.Act;
import io.evenkeel.demo.ActUnavailableException;
import io.evenkeel.watch.SourceHealth;
import io.evenkeel.watch.WatchSnapshot;
import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * "What would Evenkeel see": the endpoints of a Service in any cluster that a kubeconfig reaches, as they are and as
 * they change, with the seats that a pool would give each. Only reads, and needs no more rights than the library
 * itself.
 */
public final class KubernetesAct implements Act {

    private static final Duration FIRST_ANSWER = Duration.ofSeconds(15);
    /** A 403 counts as a missing Role after 10 s; the next try comes within a second of that. */
    private static final Duration LASTING = Duration.ofSeconds(20);

    private static final long LOOK_MILLIS = 250;

    @Override
    public boolean play(List<String> arguments, PrintStream out) throws ActUnavailableException, InterruptedException {
        Inquiry inquiry;
        try {
            inquiry = Inquiry.parse(arguments);
        } catch (IllegalArgumentException invalid) {
            throw new ActUnavailableException(String.valueOf(invalid.getMessage()), invalid);
        }
        try (ServiceView view = new ServiceView(inquiry)) {
            boolean answered = view.awaitAnswer(FIRST_ANSWER);
            WatchSnapshot first = inquiry.once() ? lasting(view) : view.believed();
            if (first.health() == SourceHealth.UNKNOWN) {
                // In whole: it may hold the Role to apply.
                out.println(answered ? first.reason() : "no answer within " + FIRST_ANSWER + ": " + first.reason());
            }
            if (inquiry.once()) {
                ServiceTable.lines(inquiry, first, view.slices()).forEach(out::println);
                return first.health() == SourceHealth.HEALTHY;
            }
            follow(inquiry, view, out);
            return true;
        } catch (IllegalArgumentException invalid) {
            throw new ActUnavailableException(String.valueOf(invalid.getMessage()), invalid);
        }
    }

    /** What is believed; if that is a refusal, what is said of it once it has lasted, such as which Role is missing. */
    private static WatchSnapshot lasting(ServiceView view) throws InterruptedException {
        WatchSnapshot first = view.believed();
        WatchSnapshot now = first;
        for (long waited = 0; waited < LASTING.toMillis() && isSame(first, now); waited += LOOK_MILLIS) {
            TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
            now = view.believed();
        }
        return now;
    }

    private static boolean isSame(WatchSnapshot first, WatchSnapshot now) {
        return now.health() == SourceHealth.UNKNOWN && now.reason().equals(first.reason());
    }

    /** Prints the table once, and from then on only what changed, until it is interrupted. */
    private static void follow(Inquiry inquiry, ServiceView view, PrintStream out) throws InterruptedException {
        List<String> shown = ServiceTable.lines(inquiry, view.believed(), view.slices());
        shown.forEach(out::println);
        out.println();
        out.println("From here on what changes: + is new, - is gone. Ctrl-C ends this.");
        while (!Thread.currentThread().isInterrupted()) {
            List<String> now = ServiceTable.lines(inquiry, view.believed(), view.slices());
            ServiceTable.changes(shown, now).forEach(out::println);
            shown = now;
            TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
        }
    }
}
