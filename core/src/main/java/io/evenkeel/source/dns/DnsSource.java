package io.evenkeel.source.dns;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.source.EndpointSource;
import io.evenkeel.source.SourceContext;
import io.evenkeel.source.SourceLifecycle;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.Name;
import org.xbill.DNS.Type;
import org.xbill.DNS.hosts.HostsFileParser;

/**
 * Asks again and again, as often as the answers' TTLs allow. The schedule's fields belong to the scheduler, the look-up's to
 * the one look-up that is under way; each hands over to the other, so neither needs a lock.
 */
final class DnsSource implements EndpointSource {

    static final Duration SOONEST = Duration.ofSeconds(1);
    static final Duration LATEST = Duration.ofSeconds(30);

    private final Question question;
    private final Supplier<DnsConfig> configReader;
    private final @Nullable HostsFileParser hostsFile;
    private final SourceContext context;
    private final SourceLifecycle life = new SourceLifecycle();
    private final DnsClient client;
    private final DnsServices services = new DnsServices();

    private Duration backoff = SOONEST;
    // Read again after every failure, since a machine that changes its network changes its servers.
    private volatile @Nullable DnsConfig config;

    /**
     * What is asked.
     *
     * @param name as given, possibly relative
     * @param text of it, for messages
     * @param literal the address, where it is one and nobody needs to be asked
     * @param srv whether for SRV records
     * @param port of the addresses; 0 for SRV
     */
    record Question(Name name, String text, @Nullable InetAddress literal, boolean srv, int port) {}

    /** What a look-up gave, and for how many seconds (0: not to be kept, ask again after the back-off). */
    record Result(Report report, long ttl) {}

    DnsSource(
            Question question,
            Supplier<DnsConfig> configReader,
            @Nullable HostsFileParser hostsFile,
            SourceContext context) {
        this.question = question;
        this.configReader = configReader;
        this.hostsFile = hostsFile;
        this.context = context;
        this.client = new DnsClient(context.ticker());
    }

    @Override
    public void start(Observer observer) {
        life.start(observer);
        context.scheduler().execute(this::ask);
    }

    @Override
    public void close() {
        life.close();
        client.close();
    }

    private void ask() {
        if (life.isClosed()) {
            return;
        }
        try {
            context.blocking().execute(() -> {
                Result result = lookUp();
                context.scheduler().execute(() -> heard(result));
            });
        } catch (RejectedExecutionException full) {
            heard(new Result(failed("not asked, the executor for blocking work refused", full), 0));
        }
    }

    private void heard(Result result) {
        if (life.isClosed()) {
            return;
        }
        life.report(result.report());
        Duration next;
        if (result.report() instanceof Endpoints && result.ttl() > 0) {
            backoff = SOONEST;
            next = Duration.ofSeconds(Math.max(SOONEST.toSeconds(), Math.min(LATEST.toSeconds(), result.ttl())));
        } else {
            // Half of it at random, so that those who failed together do not ask together.
            next = Duration.ofMillis(
                    (long) (backoff.toMillis() * (0.5 + context.random().nextDouble() / 2)));
            Duration doubled = backoff.multipliedBy(2);
            backoff = doubled.compareTo(LATEST) > 0 ? LATEST : doubled;
        }
        context.scheduler().schedule(next, this::ask);
    }

    private Result lookUp() {
        try {
            InetAddress literal = question.literal();
            if (literal != null) {
                return addresses(List.of(literal.getHostAddress()), LATEST.toSeconds());
            }
            InetAddress local = fromHostsFile();
            if (local != null) {
                return addresses(List.of(local.getHostAddress()), LATEST.toSeconds());
            }
            DnsConfig known = config;
            DnsConfig current = known == null ? configReader.get() : known;
            DnsLookup lookup = new DnsLookup(client, current);
            Result result = question.srv() ? services.lookUp(question, lookup) : lookUpAddresses(lookup);
            config = result.report() instanceof Failed ? null : current;
            return result;
        } catch (RuntimeException unexpected) {
            // Otherwise this source would fall silent for ever, and silence looks like health.
            config = null;
            return new Result(failed("look-up failed: " + unexpected, unexpected), 0);
        }
    }

    private Result lookUpAddresses(DnsLookup lookup) {
        DnsLookup.Answer answer = lookup.addresses(question.name());
        return answer.found() ? addresses(DnsLookup.hosts(answer.records()), answer.ttl()) : nothing(question, answer);
    }

    private Result addresses(List<String> hosts, long ttl) {
        List<Endpoint> endpoints =
                hosts.stream().map(host -> Endpoint.of(host, question.port())).toList();
        // A TTL of 0 is an answer that may not be kept, not a failure: it has the floor.
        return new Result(new Endpoints(endpoints), Math.max(1, ttl));
    }

    /** What an answer without records means. */
    static Result nothing(Question question, DnsLookup.Answer answer) {
        return switch (answer.outcome()) {
            case NO_DATA, FOUND -> new Result(new Endpoints(List.of()), 0);
            case NO_NAME ->
                new Result(
                        new Missing("dns " + question.text()
                                + ": no such name (expected: the name of a headless Service, with its namespace)"),
                        0);
            case FAILED -> new Result(new Failed("dns " + question.text() + ": " + answer.failure(), null), 0);
        };
    }

    private @Nullable InetAddress fromHostsFile() {
        HostsFileParser hosts = hostsFile;
        if (hosts == null || question.srv()) {
            return null;
        }
        try {
            Name name = question.name().isAbsolute() ? question.name() : Name.concatenate(question.name(), Name.root);
            InetAddress v4 = hosts.getAddressForHost(name, Type.A).orElse(null);
            return v4 != null ? v4 : hosts.getAddressForHost(name, Type.AAAA).orElse(null);
        } catch (IOException unreadable) {
            // Many containers have no hosts file that may be read; DNS decides then.
            return null;
        }
    }

    private Failed failed(String what, Throwable cause) {
        return new Failed("dns " + question.text() + ": " + what, cause);
    }
}
