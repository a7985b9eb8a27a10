package io.evenkeel.demo.amqp.broker;

import io.evenkeel.endpoint.Endpoint;
import java.io.IOException;

/** One broker of a cluster: a Pod. It keeps its name and its address when it is started again. */
public interface Broker {
    /** What it is called in its cluster and in endpoint files. */
    String name();

    String host();

    int port();

    default Endpoint endpoint() {
        return Endpoint.of(name(), host(), port());
    }

    boolean isRunning();

    /** Starts it, or lets it join for the first time; returns when clients can connect. */
    void start() throws IOException;

    /** Closes every connection with reason 320 and ends: what a client sees of a Pod that is terminated. */
    void stop() throws IOException;

    /** Ends it at once; its connections are reset. */
    void kill() throws IOException;

    /** It answers nothing until it is thawed; its connections stay open. */
    void freeze() throws IOException;

    void thaw() throws IOException;

    /** Connections of clients at this moment, as the broker itself counts them. */
    int connections() throws IOException;
}
