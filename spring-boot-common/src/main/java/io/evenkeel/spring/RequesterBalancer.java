package io.evenkeel.spring;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.event.EvenkeelListener;
import io.evenkeel.rsocket.EvenkeelRSocketClient;
import io.evenkeel.rsocket.EvenkeelRSocketClientBuilder;
import io.evenkeel.rsocket.PodInterceptor;
import io.rsocket.DuplexConnection;
import io.rsocket.RSocket;
import io.rsocket.core.RSocketConnector;
import io.rsocket.transport.ClientTransport;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.messaging.rsocket.RSocketRequester;
import reactor.core.publisher.Mono;

/**
 * Lets {@code tcp(host, port)} of every {@link RSocketRequester.Builder} bean make a requester whose requests spread
 * over Pods. Everything else of the builder stays Spring's: set-up, MIME types, strategies, connector settings. The
 * clients are closed with the application.
 */
public class RequesterBalancer implements BeanPostProcessor, DisposableBean {

    /** The builder insists on one; the connector is taken from it before it would be used. */
    private static final ClientTransport UNUSED = new ClientTransport() {
        @Override
        public Mono<DuplexConnection> connect() {
            return Mono.error(new IllegalStateException("connect (expected: never called)"));
        }
    };

    private final Supplier<EvenkeelProperties> properties;
    private final Supplier<PoolDirectory> directory;
    private final ObjectProvider<EvenkeelListener> listeners;
    private final ObjectProvider<PodInterceptor> interceptors;
    private final List<EvenkeelRSocketClient> clients = new CopyOnWriteArrayList<>();

    RequesterBalancer(
            Supplier<EvenkeelProperties> properties,
            Supplier<PoolDirectory> directory,
            ObjectProvider<EvenkeelListener> listeners,
            ObjectProvider<PodInterceptor> interceptors) {
        this.properties = properties;
        this.directory = directory;
        this.listeners = listeners;
        this.interceptors = interceptors;
    }

    @Override
    public Object postProcessAfterInitialization(Object bean, String beanName) {
        if (!(bean instanceof RSocketRequester.Builder builder)
                || !properties.get().isEnabled()
                || !properties.get().getRsocket().isEnabled()) {
            return bean;
        }
        return Proxy.newProxyInstance(
                RSocketRequester.Builder.class.getClassLoader(),
                new Class<?>[] {RSocketRequester.Builder.class},
                (proxy, method, arguments) -> call(builder, proxy, method, arguments));
    }

    private @Nullable Object call(
            RSocketRequester.Builder builder, Object proxy, Method method, Object @Nullable [] arguments)
            throws Throwable {
        if (method.getName().equals("tcp") && arguments != null) {
            return balanced(builder, (String) arguments[0], (int) arguments[1]);
        }
        try {
            Object result = method.invoke(builder, arguments);
            // each setter returns the builder itself
            return result instanceof RSocketRequester.Builder ? proxy : result;
        } catch (InvocationTargetException thrown) {
            throw thrown.getCause();
        }
    }

    private RSocketRequester balanced(RSocketRequester.Builder builder, String host, int port) {
        AtomicReference<@Nullable RSocketConnector> connector = new AtomicReference<>();
        builder.rsocketConnector(connector::set);
        // Sets the connector up and connects nothing: a requester connects with its first request.
        RSocketRequester plain = builder.transport(UNUSED);
        EvenkeelRSocketClient client = client(host, port, connector.get());
        clients.add(client);
        client.onClose().subscribe(ended -> {}, failed -> {}, () -> clients.remove(client));
        return RSocketRequester.wrap(
                client.rsocket(), plain.dataMimeType(), plain.metadataMimeType(), plain.strategies());
    }

    private EvenkeelRSocketClient client(String host, int port, @Nullable RSocketConnector connector) {
        EvenkeelProperties.RSockets settings = properties.get().getRsocket();
        EvenkeelRSocketClientBuilder builder = EvenkeelRSocketClient.builder();
        try {
            if (connector != null) {
                builder.connector(connector);
            }
            RSocketSettings.apply(settings, builder, host, port);
            builder.metrics(directory.get());
            builder.listener(ListenerBeans.of(listeners));
            builder.interceptor(chain());
            return builder.build();
        } catch (IllegalArgumentException refused) {
            throw new InvalidEvenkeelSettingException(
                    "the RSocket requester for " + EndpointKey.address(host, port), "evenkeel.rsocket", refused);
        }
    }

    /** Looked up now and not by an event loop, which must not wait for a bean. */
    private PodInterceptor chain() {
        List<PodInterceptor> known = interceptors.orderedStream().toList();
        return (pod, connection) -> {
            RSocket outermost = connection;
            for (PodInterceptor each : known) {
                outermost = each.apply(pod, outermost);
            }
            return outermost;
        };
    }

    @Override
    public void destroy() {
        clients.forEach(EvenkeelRSocketClient::close);
    }
}
