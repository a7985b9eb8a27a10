package io.evenkeel.grpc;

import io.grpc.CallOptions;

/** A call that receives when the connection under it leaves, through its own options. */
interface FollowedCall {

    CallOptions.Key<FollowedCall> KEY = CallOptions.Key.create("io.evenkeel.grpc.followed");

    /** The connection of the call gets no new calls: its Pod leaves, or its seat has moved. From any thread, maybe more than once. */
    void leaving();
}
