package io.evenkeel.source;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.Target;
import io.evenkeel.time.ManualScheduler;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Runs a source by hand: blocking work happens at once, on the test's thread. */
public final class SourceHarness {

    public final ManualScheduler scheduler = new ManualScheduler();
    public final SourceContext context = new SourceContext(scheduler.ticker(), scheduler, Runnable::run, new Random(7));
    public final List<EndpointSource.Report> reports = new ArrayList<>();

    public EndpointSource start(String target) {
        return start(EndpointSources.create(Target.parse(target), context));
    }

    public EndpointSource start(EndpointSource source) {
        source.start(reports::add);
        scheduler.runDue();
        return source;
    }

    public EndpointSource.Report last() {
        return reports.get(reports.size() - 1);
    }

    public List<Endpoint> endpoints() {
        return last() instanceof EndpointSource.Endpoints endpoints ? endpoints.endpoints() : fail();
    }

    public List<String> addresses() {
        return endpoints().stream().map(Endpoint::address).sorted().toList();
    }

    public String complaint() {
        if (last() instanceof EndpointSource.Missing missing) {
            return "missing: " + missing.reason();
        }
        return last() instanceof EndpointSource.Failed failed ? "failed: " + failed.reason() : fail();
    }

    private <T> T fail() {
        throw new AssertionError("the last report is " + last());
    }
}
