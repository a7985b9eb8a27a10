package io.evenkeel.demo.kubernetes;

import io.evenkeel.adapter.ClientId;
import io.evenkeel.endpoint.Target;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a user wants to know of a Service.
 *
 * @param seats the size of the pool whose seats are shown
 * @param client id and name of that pool, which decide who gets the odd seats
 * @param zone the zone to prefer, or null
 * @param kubeconfig or null for the usual places
 * @param once whether to print what there is and end
 */
record Inquiry(
        Target target,
        int seats,
        String client,
        @Nullable String zone,
        @Nullable Path kubeconfig,
        boolean once) {

    static final String USAGE = "--kubernetes SERVICE[.NAMESPACE][:PORT] [--seats N] [--client-id ID] [--pool NAME]"
            + " [--zone ZONE] [--context CONTEXT] [--kubeconfig FILE] [--once]";

    Inquiry {
        if (seats < 1) {
            throw new IllegalArgumentException("--seats: " + seats + " (expected: >= 1)");
        }
    }

    /**
     * Reads a command line.
     *
     * @throws IllegalArgumentException if it is not of the form {@link #USAGE}
     */
    static Inquiry parse(List<String> arguments) {
        String service = null;
        String context = "";
        String clientId = null;
        String pool = "pool";
        String zone = null;
        Path kubeconfig = null;
        int seats = 10;
        boolean once = false;
        Deque<String> rest = new ArrayDeque<>(arguments);
        while (!rest.isEmpty()) {
            String argument = rest.remove();
            switch (argument) {
                case "--seats" -> seats = number(argument, value(argument, rest));
                case "--client-id" -> clientId = value(argument, rest);
                case "--pool" -> pool = value(argument, rest);
                case "--zone" -> zone = value(argument, rest);
                case "--context" -> context = value(argument, rest);
                case "--kubeconfig" -> kubeconfig = Path.of(value(argument, rest));
                case "--once" -> once = true;
                default -> {
                    if (argument.startsWith("--") || service != null) {
                        throw new IllegalArgumentException("argument: " + argument + " (expected: " + USAGE + ")");
                    }
                    service = argument;
                }
            }
        }
        if (service == null) {
            throw new IllegalArgumentException("Service: none (expected: " + USAGE + ")");
        }
        String id = clientId == null ? ClientId.ofThisProcess() : clientId;
        return new Inquiry(target(service, context), seats, id + "/" + pool, zone, kubeconfig, once);
    }

    private static Target target(String service, String context) {
        return Target.parse(service.contains("://") ? service : "k8s://" + context + "/" + service);
    }

    private static String value(String option, Deque<String> rest) {
        String value = rest.poll();
        if (value == null) {
            throw new IllegalArgumentException(option + ": nothing (expected: a value, as in " + USAGE + ")");
        }
        return value;
    }

    private static int number(String option, String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException notANumber) {
            throw new IllegalArgumentException(option + ": " + text + " (expected: a whole number)", notANumber);
        }
    }
}
