package io.evenkeel.demo.amqp.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MessageLedgerTest {
    private final MessageLedger ledger = new MessageLedger(2);

    @Test
    void messages_sent_confirmed_and_delivered_once_in_order_are_exact() {
        for (int number = 0; number < 10_000; number++) {
            pass(0, number);
            pass(1, number);
        }
        LedgerReport report = ledger.report();
        assertThat(report.isExact()).isTrue();
        assertThat(report.sent()).isEqualTo(20_000);
        assertThat(report.arrived()).isEqualTo(20_000);
    }

    @Test
    void confirmed_and_never_delivered_is_lost() {
        ledger.sent(new LedgerMessage(0, 0));
        ledger.confirmed(new LedgerMessage(0, 0));
        assertThat(ledger.report().lost()).isEqualTo(1);
        assertThat(ledger.report().isExact()).isFalse();
    }

    @Test
    void sent_and_never_answered_is_unanswered_even_if_it_arrived() {
        ledger.sent(new LedgerMessage(0, 0));
        ledger.delivered(new LedgerMessage(0, 0), false);
        assertThat(ledger.report().unanswered()).isEqualTo(1);
        assertThat(ledger.report().lost()).isZero();
        assertThat(ledger.report().isExact()).isFalse();
    }

    @Test
    void refused_and_never_delivered_is_not_lost() {
        ledger.sent(new LedgerMessage(0, 0));
        ledger.refused(new LedgerMessage(0, 0));
        assertThat(ledger.report().lost()).isZero();
        assertThat(ledger.report().refused()).isEqualTo(1);
    }

    @Test
    void delivered_again_is_a_duplicate_and_its_flag_counts_as_a_redelivery() {
        pass(0, 0);
        ledger.delivered(new LedgerMessage(0, 0), true);
        ledger.delivered(new LedgerMessage(0, 0), true);
        assertThat(ledger.report().duplicated()).isEqualTo(2);
        assertThat(ledger.report().redelivered()).isEqualTo(2);
    }

    @Test
    void first_seen_with_the_flag_is_a_redelivery_and_no_duplicate() {
        ledger.delivered(new LedgerMessage(0, 0), true);
        assertThat(ledger.report().duplicated()).isZero();
        assertThat(ledger.report().redelivered()).isEqualTo(1);
    }

    @Test
    void earlier_message_after_a_later_one_is_out_of_order_unless_it_is_flagged() {
        ledger.delivered(new LedgerMessage(0, 5), false);
        ledger.delivered(new LedgerMessage(1, 0), false);
        ledger.delivered(new LedgerMessage(0, 3), true);
        assertThat(ledger.report().outOfOrder()).isZero();
        ledger.delivered(new LedgerMessage(0, 4), false);
        assertThat(ledger.report().outOfOrder()).isEqualTo(1);
    }

    @Test
    void callbacks_are_counted_by_what_they_say() {
        ledger.callback("shutdown");
        ledger.callback("shutdown");
        ledger.callback("recovery");
        assertThat(ledger.report().callbacks()).containsEntry("shutdown", 2L).containsEntry("recovery", 1L);
        assertThat(ledger.report().noticed()).isEqualTo(3);
    }

    @Test
    void message_survives_its_body() {
        LedgerMessage message = new LedgerMessage(3, 123_456_789_012L);
        assertThat(LedgerMessage.of(message.body(256))).isEqualTo(message);
        assertThat(message.body(256)).hasSize(256);
        assertThat(LedgerMessage.of(message.body(1))).isEqualTo(message);
    }

    private void pass(int lane, long number) {
        LedgerMessage message = new LedgerMessage(lane, number);
        ledger.sent(message);
        ledger.confirmed(message);
        ledger.delivered(message, false);
    }
}
