package io.evenkeel.amqp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.impl.DefaultExceptionHandler;
import io.evenkeel.endpoint.EndpointKey;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * An application gets what its version of the client needs: some create parts of Netty with every factory, some only where it
 * is asked for. So this library brings what the client brings, and uses none of it itself.
 */
@Timeout(60)
class ClientDependenciesTest {

    @Test
    void what_the_client_brings_is_on_the_class_path() {
        assertThatCode(() -> Class.forName("io.netty.handler.ssl.SslContext")).doesNotThrowAnyException();
        assertThatCode(() -> new ConnectionFactory().netty()).doesNotThrowAnyException();
    }

    @Test
    void frameworks_can_look_the_factory_over() {
        for (Class<?> type : new Class<?>[] {EvenkeelConnectionFactory.class, ConnectionFactory.class}) {
            assertThatCode(type::getDeclaredMethods).doesNotThrowAnyException();
            assertThatCode(type::getDeclaredFields).doesNotThrowAnyException();
        }
    }

    @Test
    void a_broker_is_dialled() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            CompletableFuture<byte[]> header = CompletableFuture.supplyAsync(() -> {
                try (Socket socket = server.accept()) {
                    return socket.getInputStream().readNBytes(8);
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            });
            EvenkeelConnectionFactory factory = new EvenkeelConnectionFactory();
            factory.setHandshakeTimeout(5000);
            Dialer dialer = factory.dialer(null, "test", null, Duration.ofSeconds(5), Duration.ofSeconds(10));
            EndpointKey broker = new EndpointKey("rabbit-0", "127.0.0.1", server.getLocalPort());
            // It hangs up: what matters is that it is asked.
            assertThatThrownBy(() -> dialer.dial(broker, new DefaultExceptionHandler(), true))
                    .isInstanceOf(Exception.class);
            assertThat(header.get(20, TimeUnit.SECONDS)).startsWith('A', 'M', 'Q', 'P');
        }
    }
}
