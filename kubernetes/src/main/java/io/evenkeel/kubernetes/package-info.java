/**
 * Endpoints from the EndpointSlices of a Kubernetes Service.
 *
 * <p>Starting points: {@link io.evenkeel.kubernetes.KubernetesSourceProvider} for the targets,
 * {@link io.evenkeel.kubernetes.KubernetesEndpointSource} for how they are watched,
 * {@link io.evenkeel.kubernetes.EndpointSliceMapper} for what a set of slices means.
 */
@NullMarked
package io.evenkeel.kubernetes;

import org.jspecify.annotations.NullMarked;
