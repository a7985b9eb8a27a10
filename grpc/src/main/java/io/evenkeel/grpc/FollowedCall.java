package io.evenkeel.grpc;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.time.Scheduler;
import io.grpc.CallOptions;

/** A call that is notified when the connection under it leaves, through its own options. */
interface FollowedCall {

    CallOptions.Key<FollowedCall> KEY = CallOptions.Key.create("io.evenkeel.grpc.followed");

    /**
     * The connection of the call gets no new calls: its Pod leaves, or its seat has moved. From any thread, maybe more
     * than once.
     *
     * @param pod where the call is
     * @param control for what is to happen later; it runs no code of the application's
     */
    void leaving(EndpointKey pod, Scheduler control);
}
