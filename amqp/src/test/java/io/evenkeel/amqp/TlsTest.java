package io.evenkeel.amqp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.rabbitmq.client.impl.DefaultExceptionHandler;
import io.evenkeel.endpoint.EndpointKey;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The socket goes to a broker's own address; what is asked for and verified is the Service's name. */
@Timeout(60)
class TlsTest {

    private static final String SERVICE = "rabbitmq.default.svc";
    private static final char[] PASSWORD = "changeit".toCharArray();

    @TempDir
    Path directory;

    private SSLContext context() throws Exception {
        Path file = directory.resolve("server.p12");
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        "server",
                        "-keyalg",
                        "EC",
                        "-dname",
                        "CN=" + SERVICE,
                        "-ext",
                        "san=dns:" + SERVICE,
                        "-storetype",
                        "PKCS12",
                        "-keystore",
                        file.toString(),
                        "-storepass",
                        new String(PASSWORD))
                .redirectErrorStream(true)
                .start();
        assertThat(keytool.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(keytool.exitValue()).isZero();
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            keys.load(in, PASSWORD);
        }
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("server", keys.getCertificate("server"));
        KeyManagerFactory key = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        key.init(keys, PASSWORD);
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(key.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }

    /** A server that does a handshake and hangs up; tells the name that it was asked for. */
    private static CompletableFuture<List<SNIServerName>> serve(SSLServerSocket server) {
        return CompletableFuture.supplyAsync(() -> {
            try (SSLSocket socket = (SSLSocket) server.accept()) {
                socket.startHandshake();
                // In TLS 1.3 the client may still refuse the certificate: it has, if it says nothing.
                if (socket.getInputStream().read() < 0) {
                    throw new IllegalStateException("refused");
                }
                return ((ExtendedSSLSession) socket.getSession()).getRequestedServerNames();
            } catch (IOException e) {
                throw new IllegalStateException("refused", e);
            }
        });
    }

    private Dialer dialer(SSLContext context, String serverName) {
        EvenkeelConnectionFactory factory = new EvenkeelConnectionFactory();
        factory.useSslProtocol(context);
        factory.enableHostnameVerification();
        factory.setHandshakeTimeout(5000);
        return factory.dialer(null, "test", serverName, Duration.ofSeconds(5), Duration.ofSeconds(10));
    }

    @Test
    void the_services_name_is_asked_for_and_verified() throws Exception {
        SSLContext context = context();
        try (SSLServerSocket server = (SSLServerSocket)
                context.getServerSocketFactory().createServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            CompletableFuture<List<SNIServerName>> asked = serve(server);
            EndpointKey broker = new EndpointKey("rabbit-0", "127.0.0.1", server.getLocalPort());
            // It is no broker: what matters is how far it gets.
            assertThatThrownBy(() -> dialer(context, SERVICE).dial(broker, new DefaultExceptionHandler(), true))
                    .isNotInstanceOf(SSLHandshakeException.class);
            assertThat(asked.get(20, TimeUnit.SECONDS)).isEqualTo(List.of(new SNIHostName(SERVICE)));
        }
    }

    @Test
    void a_certificate_for_another_name_is_refused() throws Exception {
        SSLContext context = context();
        try (SSLServerSocket server = (SSLServerSocket)
                context.getServerSocketFactory().createServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            CompletableFuture<List<SNIServerName>> asked = serve(server);
            EndpointKey broker = new EndpointKey("rabbit-0", "127.0.0.1", server.getLocalPort());
            assertThatThrownBy(() ->
                            dialer(context, "other.default.svc").dial(broker, new DefaultExceptionHandler(), true))
                    .isInstanceOf(SSLHandshakeException.class)
                    .hasMessageContaining("other.default.svc");
            assertThat(asked.handle((names, failure) -> failure).get(20, TimeUnit.SECONDS))
                    .isNotNull();
        }
    }
}
