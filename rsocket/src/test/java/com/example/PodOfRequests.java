package com.example;

import io.evenkeel.endpoint.EndpointKey;
import io.micrometer.observation.Observation;
import io.micrometer.observation.contextpropagation.ObservationThreadLocalAccessor;
import io.rsocket.Payload;
import io.rsocket.RSocket;
import io.rsocket.util.RSocketProxy;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.util.context.ContextView;

final class PodOfRequests extends RSocketProxy {
    private final EndpointKey pod;

    PodOfRequests(EndpointKey pod, RSocket connection) {
        super(connection);
        this.pod = pod;
    }

    private void name(ContextView context) {
        context.<Observation>getOrEmpty(ObservationThreadLocalAccessor.KEY)
                .ifPresent(request -> request.highCardinalityKeyValue("pod", pod.identity()));
    }

    @Override
    public Mono<Void> fireAndForget(Payload payload) {
        return Mono.deferContextual(context -> {
            name(context);
            return super.fireAndForget(payload);
        });
    }

    @Override
    public Mono<Payload> requestResponse(Payload payload) {
        return Mono.deferContextual(context -> {
            name(context);
            return super.requestResponse(payload);
        });
    }

    @Override
    public Flux<Payload> requestStream(Payload payload) {
        return Flux.deferContextual(context -> {
            name(context);
            return super.requestStream(payload);
        });
    }

    @Override
    public Flux<Payload> requestChannel(Publisher<Payload> payloads) {
        return Flux.deferContextual(context -> {
            name(context);
            return super.requestChannel(payloads);
        });
    }
}
