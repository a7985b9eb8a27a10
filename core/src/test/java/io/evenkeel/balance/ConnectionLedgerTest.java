package io.evenkeel.balance;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.time.DueTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ConnectionLedgerTest {

    private static final EndpointKey POD = Endpoint.of("pg-0", "10.0.0.1", 5432).key();
    private static final long AGE = Duration.ofMinutes(10).toNanos();

    private final ConnectionLedger ledger = new ConnectionLedger(Duration.ofNanos(AGE), new SplittableRandom(1));

    @Test
    void the_order_of_signals_does_not_matter() {
        long seed = new SplittableRandom().nextLong();
        System.out.println("ledger, seed " + seed);
        for (int run = 0; run < 500; run++) {
            List<Boolean> signals = new ArrayList<>();
            int connections = run % 8;
            int closed = run % 5 == 0 ? connections : connections / 2;
            signals.addAll(Collections.nCopies(connections, true));
            signals.addAll(Collections.nCopies(closed, false));
            Collections.shuffle(signals, new Random(seed + run));
            for (boolean opened : signals) {
                if (opened) {
                    ledger.opened(POD, 0);
                } else {
                    ledger.closed(POD);
                }
            }
            assertThat(ledger.open(POD)).as("%s", signals).isEqualTo(connections - closed);
            assertThat(ledger.firstAt(POD).isNever()).as("%s", signals).isEqualTo(connections == closed);
            for (int i = closed; i < connections; i++) {
                ledger.closed(POD);
            }
            assertThat(ledger.open(POD)).isZero();
        }
    }

    @Test
    void connections_that_outlive_their_seats_are_not_the_new_ones() {
        ledger.opened(POD, 0);
        ledger.opened(POD, 0);
        ledger.left(POD);
        assertThat(ledger.open(POD)).isZero();
        ledger.opened(POD, 0);
        assertThat(ledger.open(POD)).isEqualTo(1);
        ledger.closed(POD);
        ledger.closed(POD);
        assertThat(ledger.open(POD)).as("the two from before closed").isEqualTo(1);
        ledger.closed(POD);
        assertThat(ledger.open(POD)).isZero();
        assertThat(ledger.firstAt(POD).isNever()).isTrue();
    }

    @Test
    void a_renewal_is_not_due_again_before_its_time_however_it_ends() {
        ledger.opened(POD, 0);
        DueTime first = ledger.firstAt(POD);
        long now = first.nanos();
        ledger.renewalBegan(POD, now + 30);
        assertThat(ledger.firstAt(POD)).isEqualTo(DueTime.at(now + 30));

        ledger.renewalBegan(POD, now + 60);
        ledger.renewed(POD, now + 30);
        assertThat(ledger.firstAt(POD).nanos()).as("renewed, not closed yet").isGreaterThan(now + AGE / 2);

        ledger.opened(POD, now + 30);
        ledger.closed(POD);
        assertThat(ledger.open(POD)).isEqualTo(1);
        assertThat(ledger.firstAt(POD).isNever()).isFalse();
    }

    @Test
    void the_moment_that_goes_with_a_renewed_connection_is_its_own() {
        ledger.opened(POD, 0);
        ledger.opened(POD, AGE);
        long second = AGE + AGE / 2;
        long now = ledger.firstAt(POD).nanos();
        ledger.renewalBegan(POD, now + 2 * AGE);
        ledger.closed(POD);
        assertThat(ledger.firstAt(POD).nanos()).isBetween(second, 3 * AGE);
    }
}
