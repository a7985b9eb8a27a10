package io.evenkeel.grpc;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.source.EndpointSource;
import io.grpc.Status;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the channel's resolver reported, as a pool's source. Confined to the synchronization context. */
final class ResolvedPods implements EndpointSource {

    private @Nullable Observer observer;
    private @Nullable Report latest;
    private long reports;

    void resolved(List<Endpoint> pods) {
        report(new Endpoints(pods));
    }

    void failed(Status status) {
        String description = status.getDescription();
        report(new Failed(
                "the channel's resolver: " + (description == null ? status.getCode() : description),
                status.getCause()));
    }

    private void report(Report report) {
        reports++;
        latest = report;
        Observer known = observer;
        if (known != null) {
            known.on(report);
        }
    }

    @Override
    public void start(Observer first) {
        observer = first;
        Report report = latest;
        if (report != null) {
            first.on(report);
        }
    }

    @Override
    public long requests() {
        return reports;
    }

    @Override
    public void close() {
        observer = null;
    }
}
