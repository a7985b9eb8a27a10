package io.evenkeel.rsocket;

import io.evenkeel.endpoint.Endpoint;
import io.rsocket.transport.ClientTransport;
import io.rsocket.transport.netty.client.TcpClientTransport;
import io.rsocket.transport.netty.client.WebsocketClientTransport;
import java.util.Objects;
import java.util.function.UnaryOperator;
import reactor.netty.http.client.HttpClient;
import reactor.netty.tcp.TcpClient;

/**
 * How to reach one Pod. Called for every connection, on a thread that may block, within the {@code connectTimeout}; the
 * transport it returns connects to that Pod and no other. Implementations are thread-safe.
 *
 * <pre>{@code
 * PodTransport.tcp()
 * PodTransport.tcp(client -> client.option(ChannelOption.TCP_NODELAY, true))
 * PodTransport.tls("orders.default.svc", client -> client.secure(ssl -> ssl.sslContext(context)))
 * PodTransport.webSocket("orders.default.svc", "/rsocket")
 * }</pre>
 */
@FunctionalInterface
public interface PodTransport {

    /** The transport for one connection to this Pod. */
    ClientTransport to(Endpoint endpoint);

    /** Plain TCP to the Pod's address and port. The default. */
    static PodTransport tcp() {
        return tcp(UnaryOperator.identity());
    }

    /** TCP by a client with these settings; the remote address is set after them and wins. */
    static PodTransport tcp(UnaryOperator<TcpClient> settings) {
        TcpClient configured = settings.apply(TcpClient.newConnection());
        return endpoint ->
                TcpClientTransport.create(configured.host(endpoint.host()).port(endpoint.port()));
    }

    /**
     * TLS that verifies the Service, while the socket goes to the Pod: the Service's name is what is sent as SNI and
     * what the certificate must be for.
     *
     * @param serviceName such as {@code orders.default.svc}
     * @param settings must switch TLS on ({@code client.secure(…)})
     * @throws IllegalArgumentException if they don't
     */
    static PodTransport tls(String serviceName, UnaryOperator<TcpClient> settings) {
        Objects.requireNonNull(serviceName, "serviceName");
        TcpClient configured = settings.apply(TcpClient.newConnection());
        if (!configured.configuration().isSecure()) {
            throw new IllegalArgumentException("settings: a client without TLS (expected: client -> client.secure(…))");
        }
        return endpoint -> TcpClientTransport.create(ServiceName.over(configured, serviceName, endpoint));
    }

    /**
     * WebSocket to the Pod's address and port.
     *
     * @param serviceName what is sent as {@code Host}, with the Pod's port where that is not the default
     * @param path such as {@code /rsocket}
     */
    static PodTransport webSocket(String serviceName, String path) {
        return webSocket(serviceName, path, UnaryOperator.identity());
    }

    /**
     * As {@link #webSocket(String, String)}, by a client with these settings. Where they switch TLS on, the Service's
     * name is verified as with {@link #tls}.
     */
    static PodTransport webSocket(String serviceName, String path, UnaryOperator<HttpClient> settings) {
        Objects.requireNonNull(serviceName, "serviceName");
        Objects.requireNonNull(path, "path");
        HttpClient configured = settings.apply(HttpClient.newConnection());
        return endpoint -> WebsocketClientTransport.create(ServiceName.over(configured, serviceName, endpoint), path);
    }
}
