package io.evenkeel.it;

import io.evenkeel.demo.postgres.PostgresPods;
import java.io.IOException;
import java.util.Optional;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Starts one server, once per test run, to see whether it can be done. */
final class RequiresPostgresCondition implements ExecutionCondition {
    private static final String REQUIRED = "evenkeel.it.required";

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
        Attempt attempt = context.getRoot()
                .getStore(ExtensionContext.Namespace.create(RequiresPostgres.class))
                .computeIfAbsent(Attempt.class, key -> Attempt.make(), Attempt.class);
        if (attempt.reason().isEmpty()) {
            return ConditionEvaluationResult.enabled("PostgreSQL servers can be run");
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
            try (PostgresPods pods = PostgresPods.create()) {
                pods.start("probe");
                return new Attempt(Optional.empty());
            } catch (IOException e) {
                return new Attempt(Optional.of(String.valueOf(e.getMessage())));
            }
        }
    }
}
