package io.evenkeel.kubernetes;

import io.evenkeel.source.EndpointSource.Failed;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Decides which failures of a watch make stale what is known.
 *
 * <p>A list proves what is known as well as a watch does. So where lists work and every watch breaks soon after it
 * began, what is known is never older than the back-off: the source answers, only less often. Were each of these
 * failures reported, health would change twice in every round. The rule:
 *
 * <pre>
 *   failure of a session                         last proof younger than freshFor        older
 *   whose watch had worked                       reported at once                        reported
 *   that proved something and broke soon         withheld                                reported
 *   that proved nothing, a watch had worked      reported at once                        reported
 *     since the last failure reported
 *   that proved nothing, none had                withheld                                reported
 *   after one that is reported, nothing proved   reported, as its reason                 reported
 * </pre>
 *
 * So health turns stale at most once for every watch that worked, or for every span without proof that is longer than
 * the bound that is shown with the status. What is withheld is shown there too, as the last failure. Not thread-safe,
 * except for {@link #withheld}.
 */
final class WatchFailures {

    private @Nullable Failed reported;
    // Invariant: never while a failure is reported.
    private volatile @Nullable String withheld;
    private boolean workedSinceReport = true;
    private @Nullable Long provedAt;
    private int count;

    /** The failure that listeners know of, or null if what is known counts as proved. */
    @Nullable
    Failed reported() {
        return reported;
    }

    /** Why the last session failed, if that was not reported. Thread-safe. */
    @Nullable
    String withheld() {
        return withheld;
    }

    /** How many failures were withheld since a watch worked. */
    int count() {
        return count;
    }

    /** A list, an event or a bookmark came. */
    void proved(long nowNanos) {
        provedAt = nowNanos;
        reported = null;
    }

    /** A watch lasted: the next failure is news again. */
    void worked() {
        workedSinceReport = true;
        withheld = null;
        count = 0;
    }

    /** How long ago the last proof came, or null if there was none. */
    @Nullable
    Duration ageOfProof(long nowNanos) {
        Long at = provedAt;
        return at == null ? null : Duration.ofNanos(nowNanos - at);
    }

    /**
     * A session failed.
     *
     * @param proved whether the session proved something, though its watch did not work
     * @param age of the last proof, or null if there was none
     * @param freshFor how old the last proof may be
     * @return false if it is to be reported
     */
    boolean isWithheld(Failed why, boolean proved, @Nullable Duration age, Duration freshFor) {
        boolean fresh = age != null && age.compareTo(freshFor) < 0;
        if (reported == null && fresh && (proved || !workedSinceReport)) {
            withheld = why.reason();
            count++;
            return true;
        }
        reported = why;
        withheld = null;
        workedSinceReport = false;
        return false;
    }
}
