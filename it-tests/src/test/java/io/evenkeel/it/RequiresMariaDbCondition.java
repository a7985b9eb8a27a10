package io.evenkeel.it;

import java.io.IOException;
import java.util.Optional;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Starts one server, once per test run, to see whether it can be done. */
final class RequiresMariaDbCondition implements ExecutionCondition {
    private static final String REQUIRED = "evenkeel.it.required";

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
        Attempt attempt = context.getRoot()
                .getStore(ExtensionContext.Namespace.create(RequiresMariaDb.class))
                .computeIfAbsent(Attempt.class, key -> Attempt.make(), Attempt.class);
        if (attempt.reason().isEmpty()) {
            return ConditionEvaluationResult.enabled("MariaDB servers can be run");
        }
        String reason = attempt.reason().get();
        if (Boolean.getBoolean(REQUIRED)) {
            throw new IllegalStateException(REQUIRED + ": true, but " + reason);
        }
        System.out.println("skipped " + context.getDisplayName() + ": " + reason);
        return ConditionEvaluationResult.disabled(reason);
    }

    private record Attempt(Optional<String> reason) {
        static Attempt make() {
            try (MariaDbServers servers = MariaDbServers.create(null)) {
                servers.start("probe");
                return new Attempt(Optional.empty());
            } catch (IOException e) {
                return new Attempt(Optional.of(String.valueOf(e.getMessage())));
            }
        }
    }
}
