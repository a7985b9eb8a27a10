package io.evenkeel.jdbc.pool;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.endpoint.Endpoint;

/** Pods and seats without a pool and without connections: what only hands seats over asks for no more. */
final class BarePods {

    private BarePods() {}

    /** One that takes callers, without a seat. */
    static Pod pod(String name) {
        Pod pod = new Pod(Endpoint.of(name, "127.0.0.1", 5432), new SilentSignals(), 0);
        pod.route(true);
        return pod;
    }

    /** A free seat at this Pod, not yet one of its own. */
    static Seat freeSeat(Pod pod) {
        Seat seat = Seat.empty(pod);
        assertThat(seat.startDialling() && seat.dialled()).isTrue();
        return seat;
    }

    /** Gives the Pod so many free seats. */
    static void addSeats(Pod pod, int seats) {
        for (int i = 0; i < seats; i++) {
            pod.add(freeSeat(pod));
        }
    }
}
