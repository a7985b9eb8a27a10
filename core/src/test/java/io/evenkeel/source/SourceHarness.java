package io.evenkeel.source;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.Target;
import io.evenkeel.time.ManualScheduler;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Runs a source by hand: blocking work happens at once, on the test's thread. */
final class SourceHarness {

    final ManualScheduler scheduler = new ManualScheduler();
    final SourceContext context = new SourceContext(scheduler.ticker(), scheduler, Runnable::run, new Random(7));
    final List<EndpointSource.Report> reports = new ArrayList<>();

    EndpointSource start(String target) {
        return start(EndpointSources.create(Target.parse(target), context));
    }

    EndpointSource start(EndpointSource source) {
        source.start(reports::add);
        scheduler.runDue();
        return source;
    }

    EndpointSource.Report last() {
        return reports.get(reports.size() - 1);
    }

    List<Endpoint> endpoints() {
        return last() instanceof EndpointSource.Endpoints endpoints ? endpoints.endpoints() : fail();
    }

    List<String> addresses() {
        return endpoints().stream().map(Endpoint::address).sorted().toList();
    }

    String complaint() {
        if (last() instanceof EndpointSource.Missing missing) {
            return "missing: " + missing.reason();
        }
        return last() instanceof EndpointSource.Failed failed ? "failed: " + failed.reason() : fail();
    }

    private <T> T fail() {
        throw new AssertionError("the last report is " + last());
    }
}
