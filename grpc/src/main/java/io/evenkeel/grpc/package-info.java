/**
 * gRPC channels that follow their Pods: name resolvers for {@code k8s:}, {@code file:}, {@code static:}, {@code
 * fallback:} and {@code evenkeel-dns:} targets, and the load-balancing policy {@code evenkeel}.
 *
 * <p>Starting points: {@link io.evenkeel.grpc.EvenkeelGrpc}, which configures a channel. The resolvers alone need no
 * code: a channel whose target is {@code k8s:///orders.default:grpc} finds them on the class path, under any policy.
 */
@Experimental
@NullMarked
package io.evenkeel.grpc;

import io.evenkeel.Experimental;
import org.jspecify.annotations.NullMarked;
