package io.evenkeel.source.dns;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointCondition;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.endpoint.EndpointSet;
import io.evenkeel.source.EndpointSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.SRVRecord;
import org.xbill.DNS.Type;

/**
 * Endpoints from SRV records: the addresses of every target, which servers mostly send along. Remembers each target's
 * last addresses, so that one target whose address cannot be had does not look as if it were gone.
 */
final class DnsServices {

    private Map<Name, List<String>> lastHosts = Map.of();

    DnsResult lookUp(DnsQuestion question, DnsLookup lookup) {
        DnsLookup.Answer answer = lookup.records(question.name(), Type.SRV);
        if (!answer.found()) {
            return DnsResult.nothing(question, answer);
        }
        List<SRVRecord> services = bestPriority(answer.records());
        double mostWeight =
                services.stream().mapToInt(SRVRecord::getWeight).max().orElse(0);
        Map<Name, List<String>> hosts = new HashMap<>();
        Map<EndpointKey, Endpoint> endpoints = new LinkedHashMap<>();
        long ttl = answer.ttl();
        String failure = "";
        if (services.size() > EndpointSet.MOST) {
            return DnsResult.nothing(
                    question,
                    DnsLookup.Answer.nothing(
                            DnsLookup.Outcome.FAILED,
                            answer.owner(),
                            services.size() + " SRV records (expected: at most " + EndpointSet.MOST + ")"));
        }
        Map<Name, DnsLookup.Answer> asked = askFor(services, answer, lookup);
        for (SRVRecord service : services) {
            Hosts found = hostsOf(service.getTarget(), answer, asked);
            ttl = Math.min(ttl, found.ttl());
            failure = found.failure().isEmpty() ? failure : found.failure();
            hosts.put(service.getTarget(), found.hosts());
            for (Endpoint endpoint : endpoints(service, found.hosts(), mostWeight)) {
                endpoints.putIfAbsent(endpoint.key(), endpoint);
            }
        }
        if (endpoints.isEmpty() && !failure.isEmpty()) {
            return DnsResult.nothing(
                    question, DnsLookup.Answer.nothing(DnsLookup.Outcome.FAILED, question.name(), failure));
        }
        lastHosts = Map.copyOf(hosts);
        return new DnsResult(
                new EndpointSource.Endpoints(List.copyOf(endpoints.values())),
                endpoints.isEmpty() ? 0 : Math.max(1, ttl),
                answer.candidate());
    }

    private record Hosts(List<String> hosts, long ttl, String failure) {}

    /** The addresses that were not sent along, all targets together. */
    private static Map<Name, DnsLookup.Answer> askFor(
            List<SRVRecord> services, DnsLookup.Answer answer, DnsLookup lookup) {
        Set<Name> targets = new LinkedHashSet<>();
        for (SRVRecord service : services) {
            if (sentAlong(service.getTarget(), answer).isEmpty()) {
                targets.add(service.getTarget());
            }
        }
        return lookup.addresses(targets);
    }

    private static List<Record> sentAlong(Name target, DnsLookup.Answer services) {
        List<Record> v4 = DnsLookup.of(target, Type.A, services.additional());
        return v4.isEmpty() ? DnsLookup.of(target, Type.AAAA, services.additional()) : v4;
    }

    private Hosts hostsOf(Name target, DnsLookup.Answer services, Map<Name, DnsLookup.Answer> asked) {
        List<Record> sentAlong = sentAlong(target, services);
        if (!sentAlong.isEmpty()) {
            long ttl = sentAlong.stream().mapToLong(Record::getTTL).min().orElse(0);
            return new Hosts(DnsLookup.hosts(sentAlong), ttl, "");
        }
        DnsLookup.Answer answer = Objects.requireNonNull(asked.get(target));
        if (answer.outcome() == DnsLookup.Outcome.FAILED) {
            // Asked again as soon as may be; a TTL of 1 is the floor.
            return new Hosts(lastHosts.getOrDefault(target, List.of()), 1, answer.failure());
        }
        return new Hosts(DnsLookup.hosts(answer.records()), answer.found() ? answer.ttl() : Long.MAX_VALUE, "");
    }

    private static List<SRVRecord> bestPriority(List<Record> records) {
        int best = Integer.MAX_VALUE;
        for (Record record : records) {
            best = Math.min(best, ((SRVRecord) record).getPriority());
        }
        List<SRVRecord> services = new ArrayList<>();
        for (Record record : records) {
            // A target of "." says that the service is decidedly not available (RFC 2782).
            if (record instanceof SRVRecord service
                    && service.getPriority() == best
                    && service.getPort() > 0
                    && !service.getTarget().equals(Name.root)) {
                services.add(service);
            }
        }
        return services;
    }

    private static List<Endpoint> endpoints(SRVRecord service, List<String> hosts, double mostWeight) {
        // Relative to the largest, since servers such as CoreDNS divide 100 by the number of Pods: a new Pod
        // would otherwise change every other's weight. A weight of 0 means "hardly ever" (RFC 2782), where
        // others have more.
        double weight = mostWeight == 0 ? 1.0 : Math.max(0.01, service.getWeight() / mostWeight);
        String name = service.getTarget().toString(true);
        List<Endpoint> endpoints = new ArrayList<>();
        for (String host : hosts) {
            // The target's name is a StatefulSet Pod's name, which outlives its address; with several addresses
            // it names none.
            String identity = EndpointKey.address(hosts.size() == 1 ? name : host, service.getPort());
            EndpointKey key = new EndpointKey(identity, host, service.getPort());
            endpoints.add(new Endpoint(key, null, null, weight, EndpointCondition.READY, List.of()));
        }
        return endpoints;
    }
}
