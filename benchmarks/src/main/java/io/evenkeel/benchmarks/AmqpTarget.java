package io.evenkeel.benchmarks;

import io.evenkeel.amqp.EvenkeelConnectionFactory;
import io.evenkeel.demo.EndpointFile;
import io.evenkeel.demo.amqp.broker.Broker;
import io.evenkeel.demo.amqp.broker.BrokerCluster;
import io.evenkeel.endpoint.EndpointCondition;
import io.evenkeel.watch.WatcherConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** One connection's brokers: at first one, which can be made to leave for another. */
final class AmqpTarget implements AutoCloseable {

    private final BrokerCluster cluster;
    private final Path directory;
    private final EndpointFile file;

    AmqpTarget(BrokerCluster cluster, Broker only) throws IOException {
        this.cluster = cluster;
        directory = Files.createTempDirectory("evenkeel-benchmarks-");
        file = EndpointFile.at(directory.resolve("brokers.json"));
        file.write(List.of(only.endpoint().withCondition(EndpointCondition.READY)));
    }

    void leave(Broker from, Broker to) throws IOException {
        file.write(List.of(
                from.endpoint().withCondition(EndpointCondition.TERMINATING),
                to.endpoint().withCondition(EndpointCondition.READY)));
    }

    /** @param age after which it moves, or zero for never */
    EvenkeelConnectionFactory factory(String name, Duration age) {
        EvenkeelConnectionFactory factory = new EvenkeelConnectionFactory();
        cluster.configure(factory);
        // The machine may be busy with other things.
        factory.setHandshakeTimeout(60_000);
        factory.setTarget(file.target());
        factory.setName(name);
        factory.setMaxConnectionAge(age);
        factory.setBalance(balance -> balance.drainSpread(Duration.ZERO).holdDown(Duration.ZERO, Duration.ZERO));
        factory.setWatch(WatcherConfig.builder()
                .settle(Duration.ZERO)
                .settleMax(Duration.ZERO)
                .build());
        factory.setJmx(false);
        return factory;
    }

    @Override
    public void close() throws IOException {
        Files.deleteIfExists(file.path());
        Files.deleteIfExists(directory);
    }
}
