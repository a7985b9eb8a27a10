package io.evenkeel.source;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.endpoint.Target;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * {@code static:///10.0.0.1:5432,[fd00::1]:5432,host:5432}: a list that never changes. Every address has its port; an
 * IPv6 address stands in brackets; host names are left to be resolved by the adapter that connects.
 */
public final class StaticSourceProvider implements EndpointSourceProvider {

    private static final String EXAMPLE = "static:///10.0.0.1:5432,[fd00::1]:5432";

    @Override
    public Set<String> schemes() {
        return Set.of("static");
    }

    @Override
    public EndpointSource create(Target target, SourceContext context) {
        if (!target.authority().isEmpty()) {
            throw new IllegalArgumentException("target: \"" + target + "\" has \"" + target.authority()
                    + "\" between // and / (expected: three slashes, as in " + EXAMPLE + ")");
        }
        Map<EndpointKey, Endpoint> endpoints = new LinkedHashMap<>();
        for (String item : target.path().split(",", -1)) {
            HostPort address = HostPort.parse(item.strip(), "address", target.toString(), EXAMPLE);
            Endpoint endpoint = Endpoint.of(address.host(), address.port());
            if (endpoints.put(endpoint.key(), endpoint) != null) {
                throw new IllegalArgumentException("address: \"" + item.strip() + "\" stands twice in " + target
                        + " (expected: each address once; to give one more work, use a file: target with weights)");
            }
        }
        return new StaticSource(List.copyOf(endpoints.values()), context);
    }

    /** Says its one sentence, and nothing after. */
    private static final class StaticSource implements EndpointSource {

        private final List<Endpoint> endpoints;
        private final SourceContext context;
        private final SourceLifecycle life = new SourceLifecycle();

        StaticSource(List<Endpoint> endpoints, SourceContext context) {
            this.endpoints = endpoints;
            this.context = context;
        }

        @Override
        public void start(Observer observer) {
            life.start(observer);
            context.scheduler().execute(() -> life.report(new Endpoints(endpoints)));
        }

        @Override
        public void close() {
            life.close();
        }
    }
}
