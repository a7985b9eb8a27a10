package io.evenkeel.grpc;

import org.jspecify.annotations.Nullable;

/**
 * Says with which request a server stream goes on elsewhere. It runs once per resubscription, on the
 * call's executor, as the call's listener does.
 *
 * @param <ReqT> the method's request
 * @param <RespT> the method's response
 */
@FunctionalInterface
public interface StreamResumer<ReqT, RespT> {

    /**
     * The request that continues a stream behind its last message.
     *
     * @param request what the stream was begun with
     * @param last the last message that the application received, or null if none
     * @return the request, or null to end the stream with UNAVAILABLE
     */
    @Nullable
    ReqT resume(ReqT request, @Nullable RespT last);
}
