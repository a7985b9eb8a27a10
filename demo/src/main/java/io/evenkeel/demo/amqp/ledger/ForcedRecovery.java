package io.evenkeel.demo.amqp.ledger;

import com.rabbitmq.client.Address;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.Recoverable;
import com.rabbitmq.client.RecoveryListener;
import com.rabbitmq.client.impl.recovery.AutorecoveringConnection;
import io.evenkeel.demo.amqp.broker.Broker;
import io.evenkeel.demo.amqp.broker.BrokerCluster;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The naive way, and the control of the ledger: connections of the plain client are closed as if the broker had done
 * it, and its automatic recovery opens them again at the other broker with all channels and consumers. The close is a
 * clean one, so that all that was written before it reaches the broker: the kindest way to force a recovery.
 */
public final class ForcedRecovery implements Way {
    private static final int CLOSE_TIMEOUT_MILLIS = 5_000;
    private static final long RECOVERY_TIMEOUT_SECONDS = 20;
    private static final int CONNECTION_FORCED = 320;

    private final ConnectionFactory factory;
    private final List<Broker> brokers;
    private final List<AutorecoveringConnection> connections = new CopyOnWriteArrayList<>();
    private final Semaphore recovered = new Semaphore(0);
    private volatile int current;

    public ForcedRecovery(BrokerCluster cluster, Broker first, Broker second) {
        brokers = List.of(first, second);
        factory = cluster.plainFactory(first);
        factory.setAutomaticRecoveryEnabled(true);
        factory.setTopologyRecoveryEnabled(true);
        factory.setNetworkRecoveryInterval(1);
    }

    @Override
    public String label() {
        return "forced recovery";
    }

    @Override
    public Connection connect(String name) throws IOException, TimeoutException {
        AutorecoveringConnection connection =
                (AutorecoveringConnection) factory.newConnection(null, this::addresses, name);
        connection.addRecoveryListener(new Recovered());
        connections.add(connection);
        return connection;
    }

    @Override
    public Window move() throws IOException, InterruptedException {
        long began = System.nanoTime();
        int other = 1 - current;
        current = other;
        for (AutorecoveringConnection connection : connections) {
            connection.getDelegate().close(CONNECTION_FORCED, "rebalance", false, null, CLOSE_TIMEOUT_MILLIS, true);
        }
        if (!recovered.tryAcquire(connections.size(), RECOVERY_TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
            throw new IOException("connections recovered: " + recovered.availablePermits() + " (expected: "
                    + connections.size() + " within " + RECOVERY_TIMEOUT_SECONDS + " s)");
        }
        return new Window(began, System.nanoTime());
    }

    @Override
    public void close() {
        connections.forEach(connection -> connection.abort(CLOSE_TIMEOUT_MILLIS));
    }

    private List<Address> addresses() {
        Broker broker = brokers.get(current);
        return List.of(new Address(broker.host(), broker.port()));
    }

    private final class Recovered implements RecoveryListener {
        @Override
        public void handleRecovery(Recoverable recoverable) {
            recovered.release();
        }

        @Override
        public void handleRecoveryStarted(Recoverable recoverable) {
            // its end is what counts
        }
    }
}
