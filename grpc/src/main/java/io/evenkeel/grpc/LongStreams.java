package io.evenkeel.grpc;

import io.evenkeel.time.Durations;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import java.time.Duration;
import java.util.Objects;

/**
 * What becomes of a stream whose connection leaves: because its Pod terminates, because the connection reached its age,
 * or because its seat moved to a Pod that was added. Unary calls are never touched.
 *
 * <table>
 *   <caption>Policies</caption>
 *   <tr><td>without an interceptor</td><td>the stream sticks: it goes on where it is until it ends</td></tr>
 *   <tr><td>{@link #deadline}</td><td>it ends after a grace with UNAVAILABLE and a retry pushback, for callers that
 *   call again</td></tr>
 *   <tr><td>{@link #resubscribe}</td><td>a server stream goes on at another Pod, with a request that the application
 *   makes</td></tr>
 * </table>
 *
 * <p>They need the policy {@code evenkeel}; under another one they change nothing.
 */
public final class LongStreams {

    private LongStreams() {}

    /**
     * Ends streams after a grace, with the status UNAVAILABLE and the trailer {@code grpc-retry-pushback-ms}.
     *
     * @param grace from the moment when the connection leaves; zero or more. Keep it inside the Pod's own grace period
     * @param pushback after how long the caller should call again; zero or more
     */
    public static ClientInterceptor deadline(Duration grace, Duration pushback) {
        Durations.zeroOrMore("grace", grace);
        Durations.zeroOrMore("pushback", pushback);
        return new ClientInterceptor() {
            @Override
            public <ReqT, RespT> ClientCall<ReqT, RespT> interceptCall(
                    MethodDescriptor<ReqT, RespT> method, CallOptions options, Channel next) {
                if (method.getType() == MethodType.UNARY) {
                    return next.newCall(method, options);
                }
                EndingCall.Cut cut = new EndingCall.Cut(grace, pushback);
                return new EndingCall<>(next.newCall(method, options.withOption(FollowedCall.KEY, cut)), cut);
            }
        };
    }

    /**
     * Lets the streams of one method go on at another Pod. The old stream is cancelled first, so that no message comes
     * twice or out of order as far as the request that {@code resumer} makes says where to go on. Headers of later
     * streams are not shown.
     *
     * @param method a server-streaming method
     * @param resumer makes the request; if it throws, the stream ends with UNAVAILABLE
     * @throws IllegalArgumentException if the method is of another type
     */
    public static <A, B> ClientInterceptor resubscribe(MethodDescriptor<A, B> method, StreamResumer<A, B> resumer) {
        Objects.requireNonNull(resumer, "resumer");
        if (method.getType() != MethodType.SERVER_STREAMING) {
            throw new IllegalArgumentException("method: " + method.getFullMethodName() + " is " + method.getType()
                    + " (expected: SERVER_STREAMING)");
        }
        return new ClientInterceptor() {
            @Override
            public <ReqT, RespT> ClientCall<ReqT, RespT> interceptCall(
                    MethodDescriptor<ReqT, RespT> called, CallOptions options, Channel next) {
                if (!called.getFullMethodName().equals(method.getFullMethodName())) {
                    return next.newCall(called, options);
                }
                // The same method has the same types.
                @SuppressWarnings("unchecked")
                StreamResumer<ReqT, RespT> typed = (StreamResumer<ReqT, RespT>) resumer;
                return new ResumedCall<>(called, options, next, typed);
            }
        };
    }
}
