package io.evenkeel.rsocket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.endpoint.Endpoint;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.rsocket.Payload;
import io.rsocket.RSocket;
import io.rsocket.SocketAcceptor;
import io.rsocket.core.RSocketConnector;
import io.rsocket.core.RSocketServer;
import io.rsocket.transport.ServerTransport;
import io.rsocket.transport.netty.server.CloseableChannel;
import io.rsocket.transport.netty.server.TcpServerTransport;
import io.rsocket.transport.netty.server.WebsocketRouteTransport;
import io.rsocket.util.DefaultPayload;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import javax.net.ssl.KeyManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;
import reactor.netty.http.websocket.WebsocketInbound;
import reactor.netty.http.websocket.WebsocketOutbound;
import reactor.netty.tcp.TcpServer;

/** In the Service's name over a socket to the Pod. */
class PodTransportTest {

    private static final Duration LONG = Duration.ofSeconds(20);
    private static final String SERVICE = "orders.default.svc";

    private static final SocketAcceptor OK = SocketAcceptor.forRequestResponse(payload -> {
        payload.release();
        return Mono.just(DefaultPayload.create("ok"));
    });

    @TempDir
    static Path directory;

    private static KeyManagerFactory keys;
    private static X509Certificate certificate;
    private final List<CloseableChannel> servers = new ArrayList<>();

    @BeforeAll
    static void certificate() throws Exception {
        Path store = directory.resolve("keys.p12");
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        "server",
                        "-keyalg",
                        "RSA",
                        "-dname",
                        "CN=orders",
                        "-ext",
                        "san=dns:" + SERVICE,
                        "-keystore",
                        store.toString(),
                        "-storepass",
                        "changeit",
                        "-storetype",
                        "PKCS12")
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        assertThat(keytool.waitFor(1, TimeUnit.MINUTES)).isTrue();
        KeyStore loaded = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            loaded.load(in, "changeit".toCharArray());
        }
        keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(loaded, "changeit".toCharArray());
        certificate = (X509Certificate) loaded.getCertificate("server");
    }

    @AfterEach
    void close() {
        servers.forEach(CloseableChannel::dispose);
    }

    private Endpoint serve(ServerTransport<CloseableChannel> transport) {
        CloseableChannel channel = RSocketServer.create(OK).bind(transport).block(LONG);
        servers.add(channel);
        return Endpoint.of("127.0.0.1", channel.address().getPort());
    }

    private static String ask(PodTransport transport, Endpoint endpoint) {
        RSocket rsocket =
                RSocketConnector.create().connect(transport.to(endpoint)).block(LONG);
        try {
            return rsocket.requestResponse(DefaultPayload.create("x"))
                    .map(Payload::getDataUtf8)
                    .block(LONG);
        } finally {
            rsocket.dispose();
        }
    }

    private Endpoint tlsServer(List<String> names) throws Exception {
        SslContext context = SslContextBuilder.forServer(keys).build();
        return serve(TcpServerTransport.create(TcpServer.create()
                .host("127.0.0.1")
                .port(0)
                .secure(spec -> spec.sslContext(context).setSniAsyncMappings((name, promise) -> {
                    names.add(name);
                    return promise.setSuccess(reactor.netty.tcp.SslProvider.builder()
                            .sslContext(context)
                            .build());
                }))));
    }

    private static SslContext trusting() throws Exception {
        return SslContextBuilder.forClient().trustManager(certificate).build();
    }

    @Test
    void tls_sends_and_verifies_the_services_name_while_the_socket_goes_to_the_pod() throws Exception {
        List<String> names = new CopyOnWriteArrayList<>();
        Endpoint endpoint = tlsServer(names);
        SslContext context = trusting();
        PodTransport transport = PodTransport.tls(SERVICE, client -> client.secure(spec -> spec.sslContext(context)));
        assertThat(ask(transport, endpoint)).isEqualTo("ok");
        assertThat(names).containsExactly(SERVICE);
    }

    @Test
    void tls_to_a_pod_that_is_known_by_a_name() throws Exception {
        Endpoint endpoint = tlsServer(new CopyOnWriteArrayList<>());
        SslContext context = trusting();
        PodTransport transport = PodTransport.tls(SERVICE, client -> client.secure(spec -> spec.sslContext(context)));
        assertThat(ask(transport, Endpoint.of("localhost", endpoint.port()))).isEqualTo("ok");
    }

    @Test
    void a_certificate_for_another_name_is_refused() throws Exception {
        Endpoint endpoint = tlsServer(new CopyOnWriteArrayList<>());
        SslContext context = trusting();
        PodTransport transport =
                PodTransport.tls("payments.default.svc", client -> client.secure(spec -> spec.sslContext(context)));
        assertThatThrownBy(() -> ask(transport, endpoint)).hasStackTraceContaining("payments.default.svc");
    }

    @Test
    void settings_without_tls_are_refused() {
        assertThatThrownBy(() -> PodTransport.tls(SERVICE, client -> client))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("client.secure");
    }

    @Test
    void web_socket_has_the_path_and_the_services_name_as_host() {
        List<String> hosts = new CopyOnWriteArrayList<>();
        BiFunction<WebsocketInbound, WebsocketOutbound, Publisher<Void>> handler =
                WebsocketRouteTransport.newHandler(RSocketServer.create(OK).asConnectionAcceptor());
        DisposableServer server = HttpServer.create()
                .host("127.0.0.1")
                .port(0)
                .route(routes -> routes.ws("/rsocket", (in, out) -> {
                    hosts.add(in.headers().get("Host"));
                    return handler.apply(in, out);
                }))
                .bindNow(LONG);
        try {
            Endpoint endpoint = Endpoint.of("127.0.0.1", server.port());
            assertThat(ask(PodTransport.webSocket(SERVICE, "/rsocket"), endpoint))
                    .isEqualTo("ok");
            assertThat(hosts).containsExactly(SERVICE + ":" + endpoint.port());
        } finally {
            server.disposeNow(LONG);
        }
    }

    @Test
    void plain_tcp_takes_settings() {
        Endpoint endpoint = serve(TcpServerTransport.create("127.0.0.1", 0));
        List<Boolean> connected = new CopyOnWriteArrayList<>();
        PodTransport transport = PodTransport.tcp(client -> client.doOnConnected(c -> connected.add(true)));
        assertThat(ask(transport, endpoint)).isEqualTo("ok");
        assertThat(connected).hasSize(1);
    }
}
