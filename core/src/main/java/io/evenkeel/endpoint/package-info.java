/**
 * What stands behind a Service: immutable values, and the target string that names them. Imports nothing of ours.
 *
 * <p>Starting points: {@link io.evenkeel.endpoint.Target}, {@link io.evenkeel.endpoint.EndpointSet}.
 */
@NullMarked
package io.evenkeel.endpoint;

import org.jspecify.annotations.NullMarked;
