/**
 * Real gRPC servers over TCP on loopback addresses, and what happens to them, with Evenkeel's policy and gRPC's own
 * beside each other.
 */
@NullMarked
package io.evenkeel.demo.grpc;

import org.jspecify.annotations.NullMarked;
