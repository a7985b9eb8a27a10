package io.evenkeel.demo.rsocket;

import io.evenkeel.rsocket.EvenkeelRSocketClient;
import io.rsocket.core.RSocketClient;
import io.rsocket.core.RSocketConnector;
import io.rsocket.loadbalance.LoadbalanceRSocketClient;
import io.rsocket.transport.netty.client.TcpClientTransport;
import java.io.IOException;

/** A way to reach the Pods of a cluster. Each makes its own client, over the same Pods and with the same settings. */
public interface Contender {

    /** Evenkeel with its default settings. */
    Contender EVENKEEL = of(
            "Evenkeel",
            (cluster, connector) -> EvenkeelRSocketClient.builder()
                    .target(cluster.target())
                    .connector(connector)
                    .clientId("client-0")
                    .jmx(false)
                    .build());

    /** rsocket-java's load balancer, taking the Pods in turn: its default. */
    Contender ROUND_ROBIN = of(
            "rsocket-java round robin",
            (cluster, connector) -> LoadbalanceRSocketClient.builder(cluster.targets())
                    .connector(connector)
                    .roundRobinLoadbalanceStrategy()
                    .build());

    /** rsocket-java's load balancer, weighing the Pods by what it predicts. */
    Contender WEIGHTED = of(
            "rsocket-java weighted",
            (cluster, connector) -> LoadbalanceRSocketClient.builder(cluster.targets())
                    .connector(connector)
                    .weightedLoadbalanceStrategy()
                    .build());

    /** One connection to the first Pod, without anything between: what the others cost is measured against it. */
    Contender PLAIN = of("plain RSocket", (cluster, connector) -> {
        RSocketPod pod = cluster.pod(0);
        return RSocketClient.from(connector.connect(TcpClientTransport.create(pod.host(), pod.port())));
    });

    /** For tables. */
    String title();

    /**
     * A client that is not connected yet.
     *
     * @param connector may be changed by the client: give every client its own
     */
    RSocketClient client(RSocketCluster cluster, RSocketConnector connector) throws IOException;

    /** A contender from its two parts. */
    static Contender of(String title, Maker maker) {
        return new Contender() {
            @Override
            public String title() {
                return title;
            }

            @Override
            public RSocketClient client(RSocketCluster cluster, RSocketConnector connector) throws IOException {
                return maker.make(cluster, connector);
            }

            @Override
            public String toString() {
                return title;
            }
        };
    }

    /** Makes clients. */
    @FunctionalInterface
    interface Maker {
        RSocketClient make(RSocketCluster cluster, RSocketConnector connector) throws IOException;
    }
}
