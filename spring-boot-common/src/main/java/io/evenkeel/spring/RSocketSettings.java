package io.evenkeel.spring;

import io.evenkeel.adapter.DerivedTarget;
import io.evenkeel.rsocket.EvenkeelRSocketClientBuilder;

/** Applies the properties to the client of one requester. */
final class RSocketSettings {

    private RSocketSettings() {}

    static void apply(EvenkeelProperties.RSockets from, EvenkeelRSocketClientBuilder to, String host, int port) {
        to.settings(from::applyTo);
        String target = from.getTargets().get(host);
        if (target != null) {
            to.target(target);
        } else if (from.getTarget() == null) {
            to.target(DerivedTarget.of(host, port, DerivedTarget.Surroundings.ofThisProcess())
                    .target()
                    .toString());
        }
        if (from.getConnectionsPerPod() != null) {
            to.connectionsPerPod(from.getConnectionsPerPod());
        }
        if (from.getMaxConnections() != null) {
            to.maxConnections(from.getMaxConnections());
        }
        if (from.getAcquireTimeout() != null) {
            to.acquireTimeout(from.getAcquireTimeout());
        }
        if (from.getConnectTimeout() != null) {
            to.connectTimeout(from.getConnectTimeout());
        }
    }
}
