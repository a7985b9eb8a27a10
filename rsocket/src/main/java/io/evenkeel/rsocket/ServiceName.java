package io.evenkeel.rsocket;

import io.evenkeel.endpoint.Endpoint;
import io.netty.handler.ssl.SslHandler;
import io.netty.resolver.AddressResolver;
import io.netty.resolver.AddressResolverGroup;
import io.netty.resolver.InetNameResolver;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Promise;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import reactor.core.scheduler.Schedulers;
import reactor.netty.http.client.HttpClient;
import reactor.netty.tcp.SslProvider;
import reactor.netty.tcp.TcpClient;

/**
 * Connects in the name of a Service over a socket to one of its Pods. A Pod's address is in no certificate and no
 * proxy's routes; what the application trusts is the Service. So the client is given the Service's name, which it then
 * sends as SNI, as {@code Host}, and checks the certificate against, and that name is resolved to the Pod.
 */
final class ServiceName {

    private ServiceName() {}

    static TcpClient over(TcpClient client, String service, Endpoint endpoint) {
        TcpClient named = client.host(service).port(endpoint.port()).resolver(new ToPod(endpoint));
        SslProvider tls = named.configuration().sslProvider();
        return tls == null ? named : named.secure(SslProvider.addHandlerConfigurator(tls, ServiceName::verify));
    }

    static HttpClient over(HttpClient client, String service, Endpoint endpoint) {
        HttpClient named = client.host(service).port(endpoint.port()).resolver(new ToPod(endpoint));
        SslProvider tls = named.configuration().sslProvider();
        return tls == null ? named : named.secure(SslProvider.addHandlerConfigurator(tls, ServiceName::verify));
    }

    /** The name is checked always; some versions of Netty leave that to the code that makes the context. */
    private static void verify(SslHandler handler) {
        SSLEngine engine = handler.engine();
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        engine.setSSLParameters(parameters);
    }

    private static final class ToPod extends AddressResolverGroup<InetSocketAddress> {
        private final Endpoint endpoint;

        ToPod(Endpoint endpoint) {
            this.endpoint = endpoint;
        }

        @Override
        protected AddressResolver<InetSocketAddress> newResolver(EventExecutor executor) {
            return new PodResolver(executor, endpoint.host()).asAddressResolver();
        }
    }

    private static final class PodResolver extends InetNameResolver {
        private final String host;

        PodResolver(EventExecutor executor, String host) {
            super(executor);
            this.host = host;
        }

        @Override
        protected void doResolve(String name, Promise<InetAddress> promise) {
            byte[] literal = NetUtil.createByteArrayFromIpAddressString(host);
            if (literal != null) {
                resolve(name, literal, promise);
            } else {
                // A Pod that is known by a name: looking that up blocks, and this is an event loop.
                Schedulers.boundedElastic().schedule(() -> lookUp(name, promise));
            }
        }

        private void lookUp(String name, Promise<InetAddress> promise) {
            try {
                resolve(name, InetAddress.getByName(host).getAddress(), promise);
            } catch (UnknownHostException e) {
                promise.tryFailure(e);
            }
        }

        private static void resolve(String name, byte[] address, Promise<InetAddress> promise) {
            try {
                promise.trySuccess(InetAddress.getByAddress(name, address));
            } catch (UnknownHostException e) {
                promise.tryFailure(e);
            }
        }

        @Override
        protected void doResolveAll(String name, Promise<List<InetAddress>> promise) {
            Promise<InetAddress> one = executor().newPromise();
            one.addListener(future -> {
                if (future.isSuccess()) {
                    promise.trySuccess(List.of(one.getNow()));
                } else {
                    promise.tryFailure(future.cause());
                }
            });
            doResolve(name, one);
        }
    }
}
