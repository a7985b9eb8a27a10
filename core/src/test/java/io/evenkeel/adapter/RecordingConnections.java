package io.evenkeel.adapter;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.spi.EndpointConnections;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/** Writes down what it is asked for, and does it at once. For one thread at a time. */
class RecordingConnections implements EndpointConnections {
    private final List<String> calls;

    RecordingConnections(List<String> calls) {
        this.calls = calls;
    }

    @Override
    public void join(Endpoint endpoint) {
        calls.add("join " + endpoint.key());
    }

    @Override
    public void open(EndpointKey endpoint, Consumer<OpenOutcome> done) {
        calls.add("open " + endpoint);
        done.accept(new OpenOutcome.Opened());
    }

    @Override
    public void retire(EndpointKey endpoint, RetireReason reason, Consumer<RetireOutcome> done) {
        calls.add("retire " + endpoint);
        done.accept(new RetireOutcome.Retired());
    }

    @Override
    public void keep(EndpointKey endpoint) {
        calls.add("keep " + endpoint);
    }

    @Override
    public void route(Set<EndpointKey> routable) {
        calls.add("route " + routable);
    }

    @Override
    public void probe(EndpointKey endpoint, Consumer<OpenOutcome> done) {
        calls.add("probe " + endpoint);
        done.accept(new OpenOutcome.Opened());
    }

    @Override
    public void leave(EndpointKey endpoint) {
        calls.add("leave " + endpoint);
    }

    @Override
    public Load load(EndpointKey endpoint) {
        return Load.NONE;
    }
}
