package io.evenkeel.source.dns;

import io.evenkeel.endpoint.HostSyntax;
import io.evenkeel.endpoint.Target;
import io.evenkeel.source.EndpointSource;
import io.evenkeel.source.EndpointSourceProvider;
import io.evenkeel.source.HostPort;
import io.evenkeel.source.SourceContext;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.Address;
import org.xbill.DNS.Name;
import org.xbill.DNS.TextParseException;

/**
 * Endpoints from DNS, such as a headless Service's:
 *
 * <ul>
 *   <li>{@code dns:///pg-headless.default.svc:5432}: the addresses (A, or AAAA where there is no A) of a name.
 *   <li>{@code dns:///_postgres._tcp.pg-headless.default.svc}: SRV records, which have the ports, and for a StatefulSet
 *       the Pods' names. Of several priorities only the best (lowest number) is used; weights count relative to each
 *       other.
 *   <li>{@code dns://10.96.0.10:53/…}: asks this server instead of the system's. Its port is 53 unless given.
 * </ul>
 *
 * <p>Search domains and {@code ndots} of {@code resolv.conf}, which is read for each look-up, are honoured, and so is
 * the hosts file ({@code /etc/hosts} or {@code jdk.net.hosts.file}; all addresses of a name) unless a server is named.
 * A search domain that fails does not end the search; a circle of aliases and an answer that is cut off are failures,
 * and never an empty answer.
 * Neither the JVM's DNS cache nor any other is used: a name is asked again when its TTL has passed, after at least 1 s
 * and at most 30 s; after a failure or an empty answer, after 1 s doubling to 30 s, jittered.
 */
public final class DnsSourceProvider implements EndpointSourceProvider {

    private static final String EXAMPLE = "dns:///pg-headless.default.svc:5432 or dns:///_postgres._tcp.pg.default.svc";

    @Override
    public Set<String> schemes() {
        return Set.of("dns");
    }

    @Override
    public EndpointSource create(Target target, SourceContext context) {
        InetSocketAddress server = target.authority().isEmpty() ? null : server(target);
        DnsQuestion question = target.path().startsWith("_") ? services(target) : addresses(target);
        return new DnsSource(
                question,
                () -> server == null
                        ? DnsConfig.ofSystem()
                        : DnsConfig.ofSystem().withServer(server),
                server == null ? HostsFile.ofSystem() : null,
                context);
    }

    private static DnsQuestion services(Target target) {
        String path = target.path();
        if (path.indexOf(':') >= 0) {
            throw new IllegalArgumentException("name: \"" + path + "\" in " + target
                    + " (expected: no port, since SRV records have it; as in " + EXAMPLE + ")");
        }
        return new DnsQuestion(name(path, target), path, null, true, 0);
    }

    private static DnsQuestion addresses(Target target) {
        HostPort address = HostPort.parse(target.path(), "name", target.toString(), EXAMPLE, DnsSourceProvider::isName);
        InetAddress literal = literal(address.host());
        Name name = literal == null ? name(address.host(), target) : Name.root;
        return new DnsQuestion(name, address.host(), literal, false, address.port());
    }

    /** DNS knows names with underscores too, such as those of Docker Compose; what is dialled are addresses. */
    private static boolean isName(String host) {
        return HostSyntax.isHost(host.replace('_', 'u'));
    }

    private static Name name(String text, Target target) {
        try {
            return Name.fromString(text);
        } catch (TextParseException invalid) {
            throw new IllegalArgumentException(
                    "name: \"" + text + "\" in " + target + ": " + invalid.getMessage()
                            + " (expected: a DNS name, as in " + EXAMPLE + ")",
                    invalid);
        }
    }

    private static InetSocketAddress server(Target target) {
        String text = target.authority();
        boolean bare = text.indexOf(':') < 0 || text.endsWith("]");
        String example = "dns://10.96.0.10:53/pg-headless.default.svc:5432";
        HostPort server = HostPort.parse(bare ? text + ":53" : text, "DNS server", target.toString(), example);
        InetAddress address = literal(server.host());
        if (address == null) {
            throw new IllegalArgumentException(
                    "DNS server: \"" + text + "\" in " + target + " (expected: an IP address, as in " + example + ")");
        }
        return new InetSocketAddress(address, server.port());
    }

    /** The address that the text is, or null if it is a name; never asks a server. */
    private static @Nullable InetAddress literal(String host) {
        int family = host.indexOf(':') >= 0 ? Address.IPv6 : Address.IPv4;
        byte[] bytes = Address.toByteArray(host, family);
        try {
            return bytes == null ? null : InetAddress.getByAddress(bytes);
        } catch (UnknownHostException impossible) {
            throw new IllegalStateException("an address of " + bytes.length + " bytes", impossible);
        }
    }
}
