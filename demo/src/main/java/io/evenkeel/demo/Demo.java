package io.evenkeel.demo;

import io.evenkeel.demo.amqp.AmqpAct;
import io.evenkeel.demo.amqp.AmqpExhibit;
import io.evenkeel.demo.grpc.GrpcAct;
import io.evenkeel.demo.kubernetes.ClientAct;
import io.evenkeel.demo.kubernetes.KubernetesAct;
import io.evenkeel.demo.page.Opening;
import io.evenkeel.demo.page.PageAct;
import io.evenkeel.demo.rsocket.RSocketAct;
import io.evenkeel.demo.rsocket.RSocketExhibit;
import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * Runs the demonstration: {@code --jdbc} and the like play one act, no argument plays all that bring their own servers.
 * Exit status 0: every promise was kept; 1: one was not; 2: it could not be run.
 */
public final class Demo {
    private static final int KEPT = 0;
    private static final int MISSED = 1;
    private static final int NOT_RUN = 2;

    /** By the option that plays them; made only when played, since each needs libraries that the others do not. */
    private static final Map<String, Supplier<Act>> ACTS = new TreeMap<>(Map.of(
            "--amqp", AmqpAct::new,
            "--client", ClientAct::new,
            "--grpc", GrpcAct::new,
            "--jdbc", JdbcAct::new,
            "--kubernetes", KubernetesAct::new,
            "--page", Demo::page,
            "--rsocket", RSocketAct::new));

    /** What is played without an argument, in this order. */
    private static final List<String> ALL = List.of("--jdbc", "--amqp", "--rsocket", "--grpc");

    private Demo() {}

    /**
     * Takes about two minutes an act and ends the JVM.
     *
     * @param arguments nothing, or the act to play and what it takes
     */
    public static void main(String[] arguments) {
        System.exit(run(List.of(arguments), System.out, System.err));
    }

    private static Act page() {
        Map<String, Opening> exhibits = new LinkedHashMap<>();
        exhibits.put("jdbc", JdbcExhibit::open);
        exhibits.put("amqp", AmqpExhibit::open);
        exhibits.put("rsocket", RSocketExhibit::open);
        return new PageAct(exhibits);
    }

    static int run(List<String> arguments, PrintStream out, PrintStream errors) {
        if (arguments.isEmpty()) {
            int worst = KEPT;
            for (String act : ALL) {
                worst = Math.max(worst, play(act, List.of(), out, errors));
            }
            return worst;
        }
        if (!ACTS.containsKey(arguments.get(0))) {
            errors.println("argument: " + arguments.get(0) + " (expected: one of " + ACTS.keySet() + ", or none)");
            return NOT_RUN;
        }
        return play(arguments.get(0), arguments.subList(1, arguments.size()), out, errors);
    }

    private static int play(String name, List<String> arguments, PrintStream out, PrintStream errors) {
        try {
            Supplier<Act> act = Objects.requireNonNull(ACTS.get(name), "act");
            return act.get().play(arguments, out) ? KEPT : MISSED;
        } catch (ActUnavailableException unavailable) {
            errors.println("The demonstration " + name + " can't be run: " + unavailable.getMessage());
            return NOT_RUN;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return NOT_RUN;
        } catch (RuntimeException | LinkageError fault) {
            // uncaught it would end the JVM with 1, which here means something else
            fault.printStackTrace(errors);
            return NOT_RUN;
        }
    }
}
