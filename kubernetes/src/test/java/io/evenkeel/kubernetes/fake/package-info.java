/**
 * A Kubernetes API server for tests: what it sends is byte for byte what a real one sent when it was recorded, and it fails
 * in every way that a real one, or the network before it, was seen to fail.
 *
 * <p>Starting points: {@link io.evenkeel.kubernetes.fake.FakeApiServer}, {@link io.evenkeel.kubernetes.fake.Slice}.
 */
@NullMarked
package io.evenkeel.kubernetes.fake;

import org.jspecify.annotations.NullMarked;
