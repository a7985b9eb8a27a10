package io.evenkeel.source.dns;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointSet;
import io.evenkeel.source.EndpointSource;
import io.evenkeel.source.Polling;
import io.evenkeel.source.SourceContext;
import io.evenkeel.source.SourceLifecycle;
import io.evenkeel.time.Backoff;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.Name;

/**
 * Asks again and again, as often as the answers' TTLs allow. The schedule's fields belong to the scheduler, the
 * look-up's to the one look-up that is under way; each hands over to the other, so neither needs a lock.
 */
final class DnsSource implements EndpointSource {

    static final Duration SOONEST = Duration.ofSeconds(1);
    static final Duration LATEST = Duration.ofSeconds(30);
    private static final Backoff BACKOFF = Backoff.exponential(SOONEST, LATEST);
    // Beyond the longest look-up and the last question in it.
    private static final Duration PATIENCE = DnsLookup.LONGEST.plusSeconds(10);

    private final DnsQuestion question;
    private final Supplier<DnsConfig> configReader;
    private final @Nullable HostsFile hostsFile;
    private final SourceContext context;
    private final SourceLifecycle life = new SourceLifecycle();
    private final DnsClient client;
    private final DnsServices services = new DnsServices();

    private final Polling<DnsResult> polling;

    private int withoutAnswer;
    // What the name meant when it was last found; belongs to the look-up.
    private volatile @Nullable Name meant;

    DnsSource(
            DnsQuestion question,
            Supplier<DnsConfig> configReader,
            @Nullable HostsFile hostsFile,
            SourceContext context) {
        this.question = question;
        this.configReader = configReader;
        this.hostsFile = hostsFile;
        this.context = context;
        this.client = new DnsClient(context.ticker());
        this.polling = new Polling<>(context, life, PATIENCE, this::lookUp, new OnScheduler());
    }

    @Override
    public void start(Observer observer) {
        life.start(observer);
        polling.begin();
    }

    /** Twice the longest wait and the longest look-up. */
    @Override
    public Duration freshFor() {
        return LATEST.plus(PATIENCE).multipliedBy(2);
    }

    @Override
    public long requests() {
        return client.requests();
    }

    @Override
    public void close() {
        life.close();
        client.close();
    }

    private final class OnScheduler implements Polling.Handler<DnsResult> {

        @Override
        public Duration handle(DnsResult result) {
            life.report(result.report());
            if (!(result.report() instanceof Endpoints) || result.ttl() <= 0) {
                return backOff();
            }
            withoutAnswer = 0;
            return Duration.ofSeconds(Math.max(SOONEST.toSeconds(), Math.min(LATEST.toSeconds(), result.ttl())));
        }

        @Override
        public Duration failed(Throwable why) {
            life.report(DnsSource.this.failed("look-up failed: " + why, why));
            return backOff();
        }

        @Override
        public void overdue(Duration patience) {
            life.report(DnsSource.this.failed("no answer within " + patience, null));
        }

        private Duration backOff() {
            withoutAnswer++;
            return BACKOFF.after(withoutAnswer, context.random());
        }
    }

    private DnsResult lookUp() {
        InetAddress literal = question.literal();
        if (literal != null) {
            return addresses(List.of(literal.getHostAddress()), LATEST.toSeconds(), null);
        }
        HostsFile hosts = hostsFile;
        if (hosts != null && !question.srv()) {
            List<String> local = hosts.addresses(question.text());
            if (!local.isEmpty()) {
                return addresses(local, LATEST.toSeconds(), null);
            }
        }
        // Read each time: a machine that changes its network, or a Pod whose DNS moves, changes its servers.
        DnsLookup lookup = new DnsLookup(client, configReader.get(), meant);
        DnsResult result = question.srv() ? services.lookUp(question, lookup) : lookUpAddresses(lookup);
        meant = result.meant() == null ? meant : result.meant();
        return result;
    }

    private DnsResult lookUpAddresses(DnsLookup lookup) {
        DnsLookup.Answer answer = lookup.addresses(question.name());
        return answer.found()
                ? addresses(DnsLookup.hosts(answer.records()), answer.ttl(), answer.candidate())
                : DnsResult.nothing(question, answer);
    }

    private DnsResult addresses(List<String> hosts, long ttl, @Nullable Name candidate) {
        if (hosts.size() > EndpointSet.MOST) {
            String why = hosts.size() + " addresses (expected: at most " + EndpointSet.MOST + ")";
            return new DnsResult(failed(why, null), 0, null);
        }
        List<Endpoint> endpoints =
                hosts.stream().map(host -> Endpoint.of(host, question.port())).toList();
        // A TTL of 0 is an answer that may not be kept, not a failure: it has the floor.
        return new DnsResult(new Endpoints(endpoints), Math.max(1, ttl), candidate);
    }

    private Failed failed(String what, @Nullable Throwable cause) {
        return new Failed("dns " + question.text() + ": " + what, cause);
    }
}
