/**
 * Endpoints from DNS: addresses or SRV records, asked again as their TTLs allow.
 *
 * <p>Starting point: {@link io.evenkeel.source.dns.DnsSourceProvider}.
 */
@NullMarked
package io.evenkeel.source.dns;

import org.jspecify.annotations.NullMarked;
