package io.evenkeel.source.dns;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.xbill.DNS.Name;
import org.xbill.DNS.NameTooLongException;
import org.xbill.DNS.ResolverConfig;

/**
 * How this machine resolves names.
 *
 * @param servers in order, not empty
 * @param searchPath domains to try behind a name that is not absolute
 * @param ndots from how many dots on a name is first tried as it is
 * @param timeout how long to wait for one answer of one server
 */
record DnsConfig(List<InetSocketAddress> servers, List<Name> searchPath, int ndots, Duration timeout) {

    static final Duration TIMEOUT = Duration.ofSeconds(2);

    DnsConfig {
        servers = List.copyOf(servers);
        searchPath = List.copyOf(searchPath);
        if (servers.isEmpty()) {
            throw new IllegalArgumentException("servers: none (expected: at least one)");
        }
    }

    /** As the system is configured now: {@code resolv.conf}, or what other systems have instead. May block. */
    static DnsConfig ofSystem() {
        ResolverConfig system = new ResolverConfig();
        return new DnsConfig(system.servers(), system.searchPath(), system.ndots(), TIMEOUT);
    }

    DnsConfig withServer(InetSocketAddress server) {
        return new DnsConfig(List.of(server), searchPath, ndots, timeout);
    }

    /** The absolute names that {@code name} may mean, in the order in which resolvers try them. */
    List<Name> candidates(Name name) {
        if (name.isAbsolute()) {
            return List.of(name);
        }
        List<Name> candidates = new ArrayList<>();
        for (Name domain : searchPath) {
            addJoined(candidates, name, domain);
        }
        // A relative name of n labels has n - 1 dots.
        boolean asItIsFirst = name.labels() - 1 >= ndots;
        addJoined(candidates, name, Name.root);
        if (asItIsFirst) {
            candidates.add(0, candidates.remove(candidates.size() - 1));
        }
        return candidates;
    }

    private static void addJoined(List<Name> candidates, Name name, Name domain) {
        try {
            candidates.add(Name.concatenate(name, domain));
        } catch (NameTooLongException skipped) {
            // No server could know a name of more than 255 bytes, so this is no candidate.
        }
    }
}
