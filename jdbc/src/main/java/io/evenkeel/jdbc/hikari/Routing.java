package io.evenkeel.jdbc.hikari;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** The Pods that may get work and their seats, as they were at one moment. The arrays are never changed. */
@SuppressWarnings("ArrayRecordComponent") // read on every choice; never compared
record Routing(Lane[] lanes, Seat[] seats) {
    static final Routing NONE = new Routing(new Lane[0], new Seat[0]);

    static Routing of(Collection<Lane> known) {
        List<Lane> lanes = new ArrayList<>();
        List<Seat> seats = new ArrayList<>();
        for (Lane lane : known) {
            if (lane.isRoutable()) {
                lanes.add(lane);
                seats.addAll(List.of(lane.seats()));
            }
        }
        return new Routing(lanes.toArray(Lane[]::new), seats.toArray(Seat[]::new));
    }
}
