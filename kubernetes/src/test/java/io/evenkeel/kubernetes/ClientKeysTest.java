package io.evenkeel.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsExchange;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.interfaces.ECPrivateKey;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import okhttp3.Response;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A server that requires a client's certificate, whose key a kubeconfig has in one of these formats. */
class ClientKeysTest {

    /** The formats, and who writes them. */
    enum Format {
        /** kubeadm, kind, minikube. */
        PKCS_1,
        /** k3s, k3d, Rancher. */
        SEC_1,
        PKCS_8_RSA,
        PKCS_8_EC;

        HeldCertificate certificate(HeldCertificate authority) {
            HeldCertificate.Builder builder = new HeldCertificate.Builder()
                    .commonName("client-of-" + name())
                    .signedBy(authority);
            return (this == PKCS_1 || this == PKCS_8_RSA ? builder.rsa2048() : builder.ecdsa256()).build();
        }

        String key(HeldCertificate certificate) {
            return switch (this) {
                case PKCS_1 -> certificate.privateKeyPkcs1Pem();
                case SEC_1 -> sec1((ECPrivateKey) certificate.keyPair().getPrivate());
                case PKCS_8_RSA, PKCS_8_EC -> certificate.privateKeyPkcs8Pem();
            };
        }
    }

    // [0] { 1.2.840.10045.3.1.7 }, the curve P-256
    private static final byte[] CURVE = {
        (byte) 0xa0, 0x0a, 0x06, 0x08, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 0x03, 0x01, 0x07
    };

    private final HeldCertificate authority =
            new HeldCertificate.Builder().certificateAuthority(0).build();

    @TempDir
    Path home;

    private HttpsServer server;

    /** {@code ECPrivateKey} of RFC 5915: the version, the number, and the curve, as openssl and Go write it. */
    private static String sec1(ECPrivateKey key) {
        byte[] number = key.getS().toByteArray();
        byte[] padded = new byte[32];
        int length = Math.min(number.length, padded.length);
        System.arraycopy(number, number.length - length, padded, padded.length - length, length);
        ByteArrayOutputStream der = new ByteArrayOutputStream();
        der.write(0x30);
        der.write(3 + 2 + padded.length + CURVE.length);
        der.writeBytes(new byte[] {0x02, 0x01, 0x01, 0x04, (byte) padded.length});
        der.writeBytes(padded);
        der.writeBytes(CURVE);
        String text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der.toByteArray());
        Arrays.fill(padded, (byte) 0);
        return "-----BEGIN EC PRIVATE KEY-----\n" + text + "\n-----END EC PRIVATE KEY-----\n";
    }

    @BeforeEach
    void start() throws IOException {
        HeldCertificate own = new HeldCertificate.Builder()
                .addSubjectAlternativeName("127.0.0.1")
                .signedBy(authority)
                .build();
        SSLContext context = new HandshakeCertificates.Builder()
                .heldCertificate(own, authority.certificate())
                .addTrustedCertificate(authority.certificate())
                .build()
                .sslContext();
        server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(context) {
            @Override
            public void configure(HttpsParameters parameters) {
                SSLParameters required = context.getDefaultSSLParameters();
                required.setNeedClientAuth(true);
                parameters.setSSLParameters(required);
            }
        });
        server.createContext("/", exchange -> {
            byte[] who = ((HttpsExchange) exchange)
                    .getSSLSession()
                    .getPeerPrincipal()
                    .getName()
                    .getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, who.length);
            exchange.getResponseBody().write(who);
            exchange.close();
        });
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private ApiConnection connect(String user) throws IOException {
        Path file = Files.writeString(home.resolve("kubeconfig"), """
                current-context: here
                clusters:
                - name: one
                  cluster: {server: "https://127.0.0.1:%d", certificate-authority-data: %s}
                contexts: [{name: here, context: {cluster: one, user: me}}]
                users: [{name: me, user: %s}]
                """.formatted(
                        server.getAddress().getPort(), base64(authority.certificatePem()), user));
        ApiEnvironment environment = new ApiEnvironment(Map.of("HOME", home.toString()), home.resolve("none"));
        return new ApiAccess(new ApiAccess.Config(null, file, null, environment)).connect();
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    @ParameterizedTest
    @EnumSource
    void a_certificate_lets_its_client_in_whatever_the_format_of_its_key(Format format) throws IOException {
        HeldCertificate certificate = format.certificate(authority);
        ApiConnection connection = connect("{client-certificate-data: " + base64(certificate.certificatePem())
                + ", client-key-data: " + base64(format.key(certificate)) + "}");
        try (Response response = connection.get("/version", Map.of()).execute()) {
            assertThat(response.code()).isEqualTo(200);
            assertThat(response.body().string()).contains("CN=client-of-" + format);
        }
    }

    @Test
    void without_a_certificate_no_client_is_let_in() throws IOException {
        ApiConnection connection = connect("{token: t}");
        assertThatThrownBy(() -> connection.get("/version", Map.of()).execute()).isInstanceOf(IOException.class);
    }
}
