package io.evenkeel.spring.boot;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.event.EvenkeelEvent;
import io.evenkeel.event.EvenkeelListener;
import io.evenkeel.grpc.EvenkeelGrpc;
import io.evenkeel.micrometer.EvenkeelMetrics;
import io.evenkeel.spring.PoolDirectory;
import io.evenkeel.status.PoolStatus;
import io.grpc.CallOptions;
import io.grpc.InsecureServerCredentials;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ServerCalls;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.grpc.client.autoconfigure.GrpcClientAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.grpc.client.GrpcChannelBuilderCustomizer;
import org.springframework.grpc.client.GrpcChannelFactory;

/** The channels of Spring Boot's own starter over a real server: which of them are pools, and what they show. */
@Timeout(60)
class GrpcChannelsTest {

    private static final MethodDescriptor<byte[], byte[]> ECHO = MethodDescriptor.newBuilder(new Bytes(), new Bytes())
            .setType(MethodDescriptor.MethodType.UNARY)
            .setFullMethodName("orders/echo")
            .build();

    private static final String POLICY = "spring.grpc.client.channel.orders.default.load-balancing-policy=evenkeel";

    @TempDir
    private Path directory;

    private Server server;
    private String target;

    private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
        @Override
        public InputStream stream(byte[] value) {
            return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                return stream.readAllBytes();
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }
    }

    @BeforeEach
    void serve() throws IOException {
        server = NettyServerBuilder.forAddress(
                        new InetSocketAddress("127.0.0.1", 0), InsecureServerCredentials.create())
                .addService(ServerServiceDefinition.builder("orders")
                        .addMethod(ECHO, ServerCalls.asyncUnaryCall((request, response) -> {
                            response.onNext(request);
                            response.onCompleted();
                        }))
                        .build())
                .build()
                .start();
        Path pods = directory.resolve("pods.json");
        Files.writeString(pods, "{\"endpoints\": [{\"host\": \"127.0.0.1\", \"port\": " + server.getPort() + "}]}");
        target = "file://" + pods;
    }

    @AfterEach
    void stop() throws InterruptedException {
        assertThat(server.shutdownNow().awaitTermination(20, TimeUnit.SECONDS)).isTrue();
    }

    private ApplicationContextRunner application(String... properties) {
        return new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(
                        EvenkeelAutoConfiguration.class,
                        EvenkeelGrpcAutoConfiguration.class,
                        SslAutoConfiguration.class,
                        GrpcClientAutoConfiguration.class))
                .withPropertyValues("spring.grpc.client.channel.orders.target=" + target)
                .withPropertyValues(properties);
    }

    private static void call(ApplicationContext context, String channel) {
        ManagedChannel made = context.getBean(GrpcChannelFactory.class).createChannel(channel);
        byte[] answer = ClientCalls.blockingUnaryCall(
                made, ECHO, CallOptions.DEFAULT.withDeadlineAfter(20, TimeUnit.SECONDS), new byte[] {7});
        assertThat(answer).containsExactly(7);
    }

    private static List<PoolStatus> pools(ApplicationContext context) {
        return context.getBean(PoolDirectory.class).pools();
    }

    @Configuration(proxyBeanMethods = false)
    static class Listening {
        @Bean
        Events events() {
            return new Events();
        }
    }

    /** Called on a thread of the channel's, so an event may come after the call that it belongs to has returned. */
    static final class Events implements EvenkeelListener {
        private final CompletableFuture<EvenkeelEvent.ConnectionOpened> opened = new CompletableFuture<>();

        @Override
        public void on(EvenkeelEvent event) {
            if (event instanceof EvenkeelEvent.ConnectionOpened connection) {
                opened.complete(connection);
            }
        }
    }

    @Test
    void a_channel_of_the_policy_is_a_pool_of_its_name_with_meters_and_events() {
        application(POLICY).withUserConfiguration(Listening.class).run(context -> {
            SimpleMeterRegistry registry = new SimpleMeterRegistry();
            context.getBean(EvenkeelMetrics.class).bindTo(registry);
            call(context, "orders");
            assertThat(pools(context)).singleElement().satisfies(pool -> {
                assertThat(pool.pool()).isEqualTo("orders");
                assertThat(pool.target()).isEqualTo(target);
                assertThat(pool.open()).isEqualTo(1);
            });
            assertThat(registry.get("evenkeel.pods")
                            .tags("pool", "orders", "state", "serving")
                            .gauge()
                            .value())
                    .isEqualTo(1);
            assertThat(context.getBean(Events.class).opened)
                    .succeedsWithin(Duration.ofSeconds(20))
                    .satisfies(event -> assertThat(event.pool()).isEqualTo("orders"));
        });
    }

    @Test
    void a_channel_that_is_made_for_a_target_is_called_after_the_service() {
        application("spring.grpc.client.channel.default.default.load-balancing-policy=evenkeel")
                .run(context -> {
                    call(context, target);
                    assertThat(pools(context))
                            .singleElement()
                            .satisfies(pool -> assertThat(pool.pool()).isEqualTo("pods"));
                });
    }

    @Test
    void our_resolver_serves_a_channel_of_another_policy_which_is_no_pool() {
        application().run(context -> {
            call(context, "orders");
            assertThat(pools(context)).isEmpty();
        });
    }

    @Test
    void without_evenkeel_nothing_is_customized() {
        application("evenkeel.enabled=false")
                .run(context -> assertThat(context).doesNotHaveBean(GrpcChannelBuilderCustomizer.class));
    }

    @Configuration(proxyBeanMethods = false)
    static class OwnSettings {
        @Bean
        GrpcChannelBuilderCustomizer<NettyChannelBuilder> own(PoolDirectory directory) {
            return (channel, builder) -> EvenkeelGrpc.balance(
                    builder, settings -> settings.name("own").metrics(directory));
        }
    }

    @Test
    void a_customizer_of_the_application_has_the_last_word() {
        application().withUserConfiguration(OwnSettings.class).run(context -> {
            call(context, "orders");
            assertThat(pools(context))
                    .singleElement()
                    .satisfies(pool -> assertThat(pool.pool()).isEqualTo("own"));
        });
    }
}
