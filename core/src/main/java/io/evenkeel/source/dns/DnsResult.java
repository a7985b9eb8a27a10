package io.evenkeel.source.dns;

import io.evenkeel.source.EndpointSource;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.Name;

/**
 * What a look-up gave.
 *
 * @param ttl for how many seconds; 0: not to be kept, ask again after the back-off
 * @param meant the absolute name that has it, or null
 */
record DnsResult(
        EndpointSource.Report report, long ttl, @Nullable Name meant) {

    /** What an answer without records means. */
    static DnsResult nothing(DnsQuestion question, DnsLookup.Answer answer) {
        String dns = "dns " + question.text() + ": ";
        return switch (answer.outcome()) {
            case NO_DATA, FOUND -> new DnsResult(new EndpointSource.Endpoints(List.of()), 0, answer.candidate());
            case NO_NAME ->
                new DnsResult(
                        new EndpointSource.Missing(
                                dns + "no such name (expected: the name of a headless Service, with its namespace)"),
                        0,
                        null);
            case FAILED -> new DnsResult(new EndpointSource.Failed(dns + answer.failure(), null), 0, null);
        };
    }
}
