package io.evenkeel.source.dns;

import java.net.InetAddress;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.Name;

/**
 * What is asked.
 *
 * @param name as given, possibly relative
 * @param text of it, for messages
 * @param literal the address, where it is one and no server needs to be asked
 * @param srv whether for SRV records
 * @param port of the addresses; 0 for SRV
 */
record DnsQuestion(Name name, String text, @Nullable InetAddress literal, boolean srv, int port) {}
