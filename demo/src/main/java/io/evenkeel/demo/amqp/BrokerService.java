package io.evenkeel.demo.amqp;

import io.evenkeel.demo.EndpointFile;
import io.evenkeel.demo.RandomService;
import io.evenkeel.demo.amqp.broker.Broker;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointCondition;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * The control plane: it tells the Service, and the endpoint file, which brokers are ready. For one thread.
 */
final class BrokerService implements AutoCloseable {
    private final RandomService service;
    private final Path directory;
    private final EndpointFile file;
    private final Map<Broker, EndpointCondition> conditions = new LinkedHashMap<>();

    /** @param seed decides which broker the Service sends each connection to */
    BrokerService(List<Broker> ready, long seed) throws IOException {
        service = RandomService.start(new SplittableRandom(seed));
        directory = Files.createTempDirectory("evenkeel-demo-");
        file = EndpointFile.at(directory.resolve("brokers.json"));
        ready.forEach(broker -> conditions.put(broker, EndpointCondition.READY));
        publish();
    }

    String host() {
        return service.host();
    }

    int port() {
        return service.port();
    }

    /** Where the Service sent the connection of a client with this local port: null if it knows of none. */
    @Nullable
    InetSocketAddress brokerOf(int clientPort) {
        return service.podOf(clientPort);
    }

    String target() {
        return file.target();
    }

    void report(Broker broker, EndpointCondition condition) throws IOException {
        conditions.put(broker, condition);
        publish();
    }

    void remove(Broker broker) throws IOException {
        conditions.remove(broker);
        publish();
    }

    private void publish() throws IOException {
        List<InetSocketAddress> ready = new ArrayList<>();
        List<Endpoint> endpoints = new ArrayList<>();
        conditions.forEach((broker, condition) -> {
            endpoints.add(broker.endpoint().withCondition(condition));
            if (condition == EndpointCondition.READY) {
                ready.add(new InetSocketAddress(broker.host(), broker.port()));
            }
        });
        service.route(ready);
        file.write(endpoints);
    }

    @Override
    public void close() throws IOException {
        service.close();
        Files.deleteIfExists(file.path());
        Files.deleteIfExists(directory);
    }
}
