/**
 * Proves what became of every message while connections move: {@link io.evenkeel.demo.amqp.ledger.LedgerRun} sends and
 * receives, {@link io.evenkeel.demo.amqp.ledger.MessageLedger} keeps the account, {@link
 * io.evenkeel.demo.amqp.ledger.LedgerReport} is the verdict. The same run with {@link
 * io.evenkeel.demo.amqp.ledger.ForcedRecovery} is the control: it has to show losses or repetitions, or the proof is
 * worth nothing.
 */
@NullMarked
package io.evenkeel.demo.amqp.ledger;

import org.jspecify.annotations.NullMarked;
