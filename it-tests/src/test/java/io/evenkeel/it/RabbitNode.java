package io.evenkeel.it;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.model.ExposedPort;
import com.github.dockerjava.api.model.PortBinding;
import com.github.dockerjava.api.model.Ports;
import io.evenkeel.demo.amqp.broker.BrokerAddresses;
import io.evenkeel.demo.amqp.broker.Handshake;
import io.evenkeel.demo.amqp.broker.RabbitBroker;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.testcontainers.containers.Container;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.Network;
import org.testcontainers.containers.startupcheck.IsRunningStartupCheckStrategy;
import org.testcontainers.containers.wait.strategy.AbstractWaitStrategy;
import org.testcontainers.images.builder.Transferable;
import org.testcontainers.utility.DockerImageName;

/** One node of {@link RabbitCluster}, in a container. */
final class RabbitNode implements RabbitBroker {
    private static final DockerImageName IMAGE =
            DockerImageName.parse("rabbitmq:" + System.getProperty("evenkeel.it.rabbitmq", "4"));
    private static final int TLS_PORT = 5671;
    private static final Duration START_TIMEOUT = Duration.ofSeconds(90);
    private static final int STOP_TIMEOUT_SECONDS = 30;
    private static final int LOG_LINES = 40;

    private final String name;
    private final InetSocketAddress address;
    private final InetSocketAddress tlsAddress;
    private final GenericContainer<?> container;

    RabbitNode(
            String name, InetSocketAddress address, Network network, String configuration, TestCertificate certificate)
            throws IOException {
        this.name = name;
        this.address = address;
        this.tlsAddress = BrokerAddresses.beside(address, TLS_PORT);
        this.container = new GenericContainer<>(IMAGE)
                .withNetwork(network)
                .withNetworkAliases(name)
                .withExposedPorts(BrokerAddresses.PORT, TLS_PORT)
                .withCreateContainerCmdModifier(command -> Objects.requireNonNull(
                                command.withHostName(name).getHostConfig(), "host configuration")
                        .withPortBindings(binding(address, BrokerAddresses.PORT), binding(tlsAddress, TLS_PORT)))
                // idle Erlang schedulers spin by default, and these share two cores with the tests
                .withEnv("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none")
                .withCopyToContainer(
                        Transferable.of(RabbitCluster.ERLANG_COOKIE, 0400), "/var/lib/rabbitmq/.erlang.cookie")
                .withCopyToContainer(Transferable.of(configuration), "/etc/rabbitmq/conf.d/90-evenkeel.conf")
                .withCopyToContainer(pem(certificate.authority()), "/etc/rabbitmq/ca.crt")
                .withCopyToContainer(pem(certificate.certificate()), "/etc/rabbitmq/server.crt")
                .withCopyToContainer(pem(certificate.privateKey()), "/etc/rabbitmq/server.key")
                .withStartupCheckStrategy(new IsRunningStartupCheckStrategy())
                .waitingFor(new AbstractWaitStrategy() {
                    @Override
                    protected void waitUntilReady() {
                        awaitAnswer();
                    }
                });
    }

    private static PortBinding binding(InetSocketAddress host, int port) {
        return new PortBinding(
                Ports.Binding.bindIpAndPort(host.getHostString(), host.getPort()), ExposedPort.tcp(port));
    }

    private static Transferable pem(Path file) throws IOException {
        return Transferable.of(Files.readAllBytes(file), 0444);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String host() {
        return address.getHostString();
    }

    @Override
    public int port() {
        return address.getPort();
    }

    @Override
    public InetSocketAddress tlsAddress() {
        return tlsAddress;
    }

    @Override
    public String nodeName() {
        return "rabbit@" + name;
    }

    @Override
    public boolean isRunning() {
        return container.isRunning();
    }

    @Override
    public void start() throws IOException {
        if (container.getContainerId() == null) {
            container.start();
        } else {
            docker().startContainerCmd(container.getContainerId()).exec();
            awaitAnswer();
        }
    }

    @Override
    public void stop() {
        docker().stopContainerCmd(container.getContainerId())
                .withTimeout(STOP_TIMEOUT_SECONDS)
                .exec();
    }

    @Override
    public void kill() {
        docker().killContainerCmd(container.getContainerId()).exec();
    }

    @Override
    public void freeze() {
        docker().pauseContainerCmd(container.getContainerId()).exec();
    }

    @Override
    public void thaw() {
        docker().unpauseContainerCmd(container.getContainerId()).exec();
    }

    @Override
    public String run(String... command) throws IOException {
        try {
            Container.ExecResult result = container.execInContainer(command);
            if (result.getExitCode() != 0) {
                throw new IOException("status: " + result.getExitCode() + " (expected: 0) of "
                        + String.join(" ", command) + " in " + name + System.lineSeparator() + result.getStdout()
                        + result.getStderr());
            }
            return result.getStdout();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while " + String.join(" ", command) + " ran in " + name, e);
        }
    }

    void close() {
        container.stop();
    }

    private void awaitAnswer() {
        try {
            Handshake.await(this, START_TIMEOUT);
        } catch (IOException e) {
            List<String> lines = container.getLogs().lines().toList();
            String end = String.join(
                    System.lineSeparator(), lines.subList(Math.max(0, lines.size() - LOG_LINES), lines.size()));
            throw new IllegalStateException(e.getMessage() + System.lineSeparator() + end, e);
        }
    }

    private DockerClient docker() {
        return container.getDockerClient();
    }

    @Override
    public String toString() {
        return name + "@" + host() + ":" + port();
    }
}
