/**
 * What Evenkeel sees of a Service in a real cluster; and a client to deploy there.
 *
 * <p>Starting points: {@link io.evenkeel.demo.kubernetes.KubernetesAct}, {@link io.evenkeel.demo.kubernetes.ClientAct}.
 */
@NullMarked
package io.evenkeel.demo.kubernetes;

import org.jspecify.annotations.NullMarked;
