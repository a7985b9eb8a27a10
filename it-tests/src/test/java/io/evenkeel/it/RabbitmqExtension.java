package io.evenkeel.it;

import io.evenkeel.demo.amqp.broker.Handshake;
import io.evenkeel.demo.amqp.broker.HostRabbitCluster;
import io.evenkeel.demo.amqp.broker.RabbitBroker;
import io.evenkeel.demo.amqp.broker.RabbitBrokers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.testcontainers.DockerClientFactory;

/** Starts the cluster when the first test asks for it, and ends it after the last. */
final class RabbitmqExtension implements ExecutionCondition, ParameterResolver {
    private static final String REQUIRED = "evenkeel.it.required";
    private static final int NODES = 3;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
        Attempt attempt = attempt(context);
        if (attempt.cluster() != null) {
            return ConditionEvaluationResult.enabled("a RabbitMQ cluster runs");
        }
        if (Boolean.getBoolean(REQUIRED)) {
            throw new IllegalStateException(REQUIRED + ": true, but " + attempt.reason());
        }
        if (context.getTestMethod().isEmpty()) {
            System.out.println("skipped " + context.getDisplayName() + ": " + attempt.reason());
        }
        return ConditionEvaluationResult.disabled(attempt.reason());
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == RabbitBrokers.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        RabbitBrokers cluster = Optional.ofNullable(attempt(context).cluster()).orElseThrow();
        for (RabbitBroker node : cluster.nodes()) {
            try {
                repair(node);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return cluster;
    }

    /** A test that failed may have left a node stopped, which is not to fail the tests after it. */
    private static void repair(RabbitBroker node) throws IOException {
        if (!node.isRunning()) {
            System.out.println(node + " was left stopped and is started again");
            node.start();
        } else if (!node.eval("rabbit:is_running().").equals("true")) {
            System.out.println(node + " was left without its application, which is started again");
            node.run("rabbitmqctl", "start_app");
        }
        Handshake.await(node, PATIENCE);
    }

    private static Attempt attempt(ExtensionContext context) {
        return context.getRoot()
                .getStore(ExtensionContext.Namespace.create(RequiresRabbitmq.class))
                .computeIfAbsent(Attempt.class, key -> Attempt.make(), Attempt.class);
    }

    /**
     * The store closes it.
     *
     * @param cluster null if it could not be started
     * @param reason why not
     */
    private record Attempt(@Nullable RabbitBrokers cluster, String reason) implements AutoCloseable {
        static Attempt make() {
            String containers = "no container engine answers";
            try {
                if (DockerClientFactory.instance().isDockerAvailable()) {
                    return new Attempt(RabbitCluster.start(NODES), "");
                }
            } catch (IOException | RuntimeException e) {
                containers = "RabbitMQ does not start in containers: " + e.getMessage();
            }
            if (!HostRabbitCluster.isInstalled()) {
                return new Attempt(null, containers + ", and no RabbitMQ is installed here");
            }
            try {
                return new Attempt(HostRabbitCluster.start(NODES, NODES), "");
            } catch (IOException e) {
                return new Attempt(null, containers + ", and the one installed here does not start: " + e.getMessage());
            }
        }

        @Override
        public void close() throws IOException {
            if (cluster != null) {
                cluster.close();
            }
        }
    }
}
