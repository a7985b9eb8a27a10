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

/** Whoever asks for this library gets no Netty by it: the client needs none on blocking I/O, its default. */
@Timeout(60)
class NoNettyTest {

    @Test
    void it_is_not_on_the_class_path() {
        assertThatThrownBy(() -> Class.forName("io.netty.channel.Channel")).isInstanceOf(ClassNotFoundException.class);
    }

    @Test
    void frameworks_can_look_the_factory_over_without_it() {
        for (Class<?> type : new Class<?>[] {EvenkeelConnectionFactory.class, ConnectionFactory.class}) {
            assertThatCode(type::getDeclaredMethods).doesNotThrowAnyException();
            assertThatCode(type::getDeclaredFields).doesNotThrowAnyException();
        }
    }

    @Test
    void a_broker_is_dialled_without_it() throws Exception {
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
            FactoryDialer dialer = new FactoryDialer(
                    factory.template(), null, "test", null, Duration.ofSeconds(5), Duration.ofSeconds(10));
            EndpointKey broker = new EndpointKey("rabbit-0", "127.0.0.1", server.getLocalPort());
            // It hangs up: what matters is that it is asked.
            assertThatThrownBy(() -> dialer.dial(broker, new DefaultExceptionHandler(), true))
                    .isInstanceOf(Exception.class);
            assertThat(header.get(20, TimeUnit.SECONDS)).startsWith('A', 'M', 'Q', 'P');
        }
    }
}
