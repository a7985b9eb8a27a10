package io.evenkeel.demo.rsocket;

import java.time.Duration;
import reactor.core.publisher.Flux;

/**
 * What a request for a stream says.
 *
 * @param count elements
 * @param periodMillis between them; 0: as fast as they are requested
 */
record StreamRequest(long count, long periodMillis) {
    static StreamRequest parse(String data) {
        int at = data.indexOf('@');
        if (at < 1) {
            throw new IllegalArgumentException("stream: \"" + data + "\" (expected: count@millis)");
        }
        return new StreamRequest(Long.parseLong(data.substring(0, at)), Long.parseLong(data.substring(at + 1)));
    }

    Flux<Long> numbers() {
        if (periodMillis > 0) {
            return Flux.interval(Duration.ofMillis(periodMillis))
                    .onBackpressureBuffer()
                    .take(count);
        }
        return Flux.generate(() -> 0L, (next, sink) -> {
            if (next == count) {
                sink.complete();
            } else {
                sink.next(next);
            }
            return next + 1;
        });
    }

    @Override
    public String toString() {
        return count + "@" + periodMillis;
    }
}
