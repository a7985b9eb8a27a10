package io.evenkeel.amqp;

import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.ExceptionHandler;
import com.rabbitmq.client.ResolvedInetAddress;
import com.rabbitmq.client.SocketConfigurator;
import io.evenkeel.endpoint.EndpointKey;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Dials with the settings that a factory had when the application asked it for the connection.
 *
 * <p>TLS: the socket goes to the broker's own address, but under the Service's name, which is what the client then asks
 * for (SNI) and verifies, if it verifies: an {@link InetAddress} carries both.
 */
final class FactoryDialer implements Dialer {

    /** The longest that a move or a recovery waits for one broker. */
    private static final int AGAIN_MILLIS = 5000;

    /** What moves are allowed, and how long a close waits. */
    record Settings(
            ConsumerHandover handover,
            Duration ackHold,
            Duration publisherPause,
            Duration moveDeadline,
            Duration closeTimeout) {}

    private final ConnectionFactory template;
    private final @Nullable ExecutorService executor;
    private final @Nullable String name;
    private final @Nullable String serverName;
    private final Settings settings;

    /** @param template dials as a plain factory, and is not changed any more */
    FactoryDialer(
            ConnectionFactory template,
            @Nullable ExecutorService executor,
            @Nullable String name,
            @Nullable String serverName,
            Settings settings) {
        this.template = template;
        this.executor = executor;
        this.name = name;
        this.serverName = serverName;
        this.settings = settings;
    }

    @Override
    public Connection dial(EndpointKey endpoint, ExceptionHandler handler, boolean again)
            throws IOException, TimeoutException {
        ConnectionFactory factory = template.clone();
        factory.setAutomaticRecoveryEnabled(false);
        factory.setExceptionHandler(handler);
        SocketConfigurator configurator = factory.getSocketConfigurator();
        factory.setSocketConfigurator(socket -> {
            try {
                configurator.configure(socket);
            } catch (IOException | RuntimeException | LinkageError failure) {
                throw new ApplicationFailure("the socket configurator", failure);
            }
        });
        if (again) {
            factory.setConnectionTimeout(bounded(factory.getConnectionTimeout()));
            factory.setHandshakeTimeout(bounded(factory.getHandshakeTimeout()));
        }
        InetAddress address = InetAddress.getByName(endpoint.host());
        String shown = serverName == null ? endpoint.host() : serverName;
        InetAddress named = InetAddress.getByAddress(shown, address.getAddress());
        return factory.newConnection(
                executor, () -> List.of(new ResolvedInetAddress(shown, named, endpoint.port())), name);
    }

    private static int bounded(int millis) {
        return millis <= 0 ? AGAIN_MILLIS : Math.min(millis, AGAIN_MILLIS);
    }

    @Override
    public ExceptionHandler exceptionHandler() {
        return template.getExceptionHandler();
    }

    @Override
    public boolean recovers() {
        return template.isAutomaticRecoveryEnabled();
    }

    @Override
    public boolean recoversTopology() {
        return template.isTopologyRecoveryEnabled();
    }

    @Override
    public ConsumerHandover handover() {
        return settings.handover();
    }

    @Override
    public Duration ackHold() {
        return settings.ackHold();
    }

    @Override
    public Duration publisherPause() {
        return settings.publisherPause();
    }

    @Override
    public Duration moveDeadline() {
        return settings.moveDeadline();
    }

    @Override
    public Duration closeTimeout() {
        return settings.closeTimeout();
    }

    @Override
    public String name() {
        return name == null ? "unnamed" : name;
    }
}
