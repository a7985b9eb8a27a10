package io.evenkeel.jdbc.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Random;
import java.util.concurrent.FutureTask;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** TLS is laid over the socket, as drivers do it. */
@Timeout(60)
class ChannelSocketTlsTest {
    private static final String PASSWORD = "changeit";

    @TempDir
    static Path directory;

    private static SSLContext context;

    @BeforeAll
    static void makeCertificate() throws Exception {
        Path file = directory.resolve("key.p12");
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-keyalg",
                        "EC",
                        "-dname",
                        "CN=db.example",
                        "-ext",
                        "san=dns:db.example",
                        "-validity",
                        "3650",
                        "-storetype",
                        "PKCS12",
                        "-storepass",
                        PASSWORD,
                        "-keystore",
                        file.toString())
                .inheritIO()
                .start();
        assertThat(keytool.waitFor()).as("keytool's exit code").isZero();
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            keys.load(in, PASSWORD.toCharArray());
        }
        KeyManagerFactory own = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        own.init(keys, PASSWORD.toCharArray());
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("db", keys.getCertificate("mykey"));
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        context = SSLContext.getInstance("TLS");
        context.init(own.getKeyManagers(), trust.getTrustManagers(), null);
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void tls_over_the_socket_carries_data_and_peeks_never_disturb_it(String version) throws Exception {
        try (SSLServerSocket server = (SSLServerSocket)
                        context.getServerSocketFactory().createServerSocket(0, 1, InetAddress.getLoopbackAddress());
                ChannelSocket plain = new ChannelSocket()) {
            FutureTask<Void> echo = new FutureTask<>(() -> echo(server));
            Thread thread = new Thread(echo, "tls-echo");
            thread.setDaemon(true);
            thread.start();
            plain.connect(server.getLocalSocketAddress(), 5_000);
            SSLSocket tls = (SSLSocket)
                    context.getSocketFactory().createSocket(plain, "db.example", server.getLocalPort(), true);
            tls.setEnabledProtocols(new String[] {version});
            tls.startHandshake();
            Random random = new Random(7);
            for (int i = 0; i < 50; i++) {
                byte[] sent = new byte[1 + random.nextInt(60_000)];
                random.nextBytes(sent);
                FutureTask<Void> writing = new FutureTask<>(() -> {
                    tls.getOutputStream().write(sent);
                    return null;
                });
                new Thread(writing, "tls-write").start();
                assertThat(tls.getInputStream().readNBytes(sent.length)).isEqualTo(sent);
                writing.get();
                assertThat(plain.peek()).isNotEqualTo(Liveness.DEAD);
            }
            assertThat(plain.peek()).as("all that came is read").isEqualTo(Liveness.ALIVE);
            tls.close();
            assertThat(plain.isClosed())
                    .as("closing TLS closes what is beneath")
                    .isTrue();
            echo.get();
        }
    }

    private static Void echo(SSLServerSocket server) throws IOException {
        try (SSLSocket socket = (SSLSocket) server.accept()) {
            byte[] buffer = new byte[8192];
            for (int count; (count = socket.getInputStream().read(buffer)) >= 0; ) {
                socket.getOutputStream().write(buffer, 0, count);
            }
        }
        return null;
    }
}
