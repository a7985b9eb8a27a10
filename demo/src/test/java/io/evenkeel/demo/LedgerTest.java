package io.evenkeel.demo;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LedgerTest {
    private static final long SECOND = 1_000_000_000L;

    @Test
    void query_belongs_to_the_time_in_which_it_ended() {
        Ledger ledger = new Ledger();
        ledger.record(Kind.EVENKEEL, endingAt(1));
        ledger.record(Kind.EVENKEEL, endingAt(2));
        ledger.record(Kind.PLAIN, endingAt(2));
        ledger.record(Kind.EVENKEEL, endingAt(3));
        assertThat(ledger.between(Kind.EVENKEEL, SECOND, 2 * SECOND).samples()).containsExactly(endingAt(2));
        assertThat(ledger.between(Kind.EVENKEEL, 0, 3 * SECOND).samples()).hasSize(3);
    }

    private static Sample endingAt(long seconds) {
        return new Sample("a", 0, 0, seconds * SECOND, null);
    }
}
