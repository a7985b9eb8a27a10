package io.evenkeel.amqp;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * The raw channels of one virtual channel: one for each link that it is open on, and the replacements, for sending, of
 * those on which a broker refused everything. Thread-safe.
 */
final class RawChannels {

    private final List<RawChannel> all = new CopyOnWriteArrayList<>();

    /** The first on its link is the one that moves know; others replace it for sending. */
    void add(RawChannel raw) {
        all.add(raw);
    }

    /** The one that moves know. */
    @Nullable
    RawChannel on(Link link) {
        for (RawChannel raw : all) {
            if (raw.link() == link) {
                return raw;
            }
        }
        return null;
    }

    /** With its replacements. */
    List<RawChannel> allOn(Link link) {
        List<RawChannel> those = new ArrayList<>(1);
        for (RawChannel raw : all) {
            if (raw.link() == link) {
                those.add(raw);
            }
        }
        return those;
    }

    void remove(RawChannel raw) {
        all.remove(raw);
    }

    boolean contains(RawChannel raw) {
        return all.contains(raw);
    }

    Collection<RawChannel> all() {
        return all;
    }

    /** Deliveries that are not settled, on all of them. */
    long unsettled() {
        long sum = 0;
        for (RawChannel raw : all) {
            sum += raw.unsettled();
        }
        return sum;
    }
}
