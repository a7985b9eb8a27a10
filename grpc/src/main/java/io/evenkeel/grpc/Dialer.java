package io.evenkeel.grpc;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.time.Ticker;
import io.grpc.ConnectivityState;
import io.grpc.ConnectivityStateInfo;
import io.grpc.EquivalentAddressGroup;
import io.grpc.LoadBalancer;
import io.grpc.LoadBalancer.CreateSubchannelArgs;
import io.grpc.LoadBalancer.Subchannel;
import io.grpc.Status;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.Map;

/** Makes connections of subchannels. Confined to the synchronization context. */
final class Dialer {

    /** What becomes of a connection, each at most once and in the synchronization context. */
    interface Outcome {
        void opened(PodConnection connection);

        /** It couldn't be opened. Its subchannel is shut down. */
        void failed(PodConnection connection, Status why);

        /** It was open, and is lost. Its subchannel is shut down; calls that the server still answers go on. */
        void lost(PodConnection connection, Status why);
    }

    private final LoadBalancer.Helper helper;
    private final int mostCalls;
    private final CallFailures failures;
    private final Ticker ticker;
    private final PodConnection.Listener listener;
    private Map<EndpointKey, EquivalentAddressGroup> groups = Map.of();

    Dialer(
            LoadBalancer.Helper helper,
            int mostCalls,
            CallFailures failures,
            Ticker ticker,
            PodConnection.Listener listener) {
        this.helper = helper;
        this.mostCalls = mostCalls;
        this.failures = failures;
        this.ticker = ticker;
        this.listener = listener;
    }

    /** The addresses as the resolver gave them, with the attributes it attached for the transport. */
    void addresses(Map<EndpointKey, EquivalentAddressGroup> resolved) {
        groups = new HashMap<>(resolved);
    }

    PodConnection dial(Endpoint endpoint, Outcome outcome) {
        EquivalentAddressGroup group = groups.get(endpoint.key());
        if (group == null) {
            group = new EquivalentAddressGroup(new InetSocketAddress(endpoint.host(), endpoint.port()));
        }
        Subchannel subchannel = helper.createSubchannel(
                CreateSubchannelArgs.newBuilder().setAddresses(group).build());
        PodConnection connection = new PodConnection(endpoint, subchannel, mostCalls, failures, ticker, listener);
        subchannel.start(state -> changed(connection, state, outcome));
        subchannel.requestConnection();
        return connection;
    }

    private void changed(PodConnection connection, ConnectivityStateInfo now, Outcome outcome) {
        PodConnection.State before = connection.state();
        if (before == PodConnection.State.CLOSED || now.getState() == ConnectivityState.CONNECTING) {
            return;
        }
        if (before == PodConnection.State.DIALLING) {
            if (now.getState() == ConnectivityState.READY) {
                outcome.opened(connection);
            } else if (now.getState() == ConnectivityState.TRANSIENT_FAILURE) {
                connection.close();
                outcome.failed(connection, now.getStatus());
            }
        } else if (now.getState() != ConnectivityState.READY) {
            connection.close();
            helper.refreshNameResolution();
            outcome.lost(connection, lossOf(connection, now));
        }
    }

    /** A server that says goodbye leaves the subchannel idle, which has no status of its own. */
    private static Status lossOf(PodConnection connection, ConnectivityStateInfo now) {
        return now.getStatus().isOk()
                ? Status.UNAVAILABLE.withDescription(
                        "the connection to " + connection.endpoint() + " was closed by the server")
                : now.getStatus();
    }
}
