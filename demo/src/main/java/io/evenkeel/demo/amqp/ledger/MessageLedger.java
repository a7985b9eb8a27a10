package io.evenkeel.demo.amqp.ledger;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;

/**
 * The account of every message of a run: what was sent, what the broker answered for, what arrived and how often. Safe
 * for use by several threads.
 */
public final class MessageLedger {
    private final List<LaneAccount> lanes;
    private final AtomicLong entries = new AtomicLong();
    private final Map<String, AtomicLong> callbacks = new ConcurrentHashMap<>();

    /** @param lanes how many lanes the messages come from */
    public MessageLedger(int lanes) {
        this.lanes =
                IntStream.range(0, lanes).mapToObj(lane -> new LaneAccount()).toList();
    }

    /** {@code basicPublish} has returned. */
    void sent(LedgerMessage message) {
        entries.incrementAndGet();
        account(message).sent(message.number());
    }

    /** The broker has confirmed it: from now on it must not get lost. */
    void confirmed(LedgerMessage message) {
        entries.incrementAndGet();
        account(message).confirmed(message.number());
    }

    /** Its sender was told that it may not have arrived: by an exception, a nack, or the end of its channel. */
    void refused(LedgerMessage message) {
        entries.incrementAndGet();
        account(message).refused(message.number());
    }

    /** It was handed to the application. */
    void delivered(LedgerMessage message, boolean redelivered) {
        entries.incrementAndGet();
        account(message).delivered(message.number(), redelivered);
    }

    /** The application saw something that it must not notice while a connection is moved. */
    void callback(String what) {
        callbacks.computeIfAbsent(what, name -> new AtomicLong()).incrementAndGet();
    }

    /** Entries so far: it stands still when nothing happens any more. */
    long entries() {
        return entries.get();
    }

    /** How it stands at this moment. */
    public LedgerReport report() {
        List<LedgerReport> all = new ArrayList<>();
        lanes.forEach(lane -> all.add(lane.report()));
        Map<String, Long> counts = new TreeMap<>();
        callbacks.forEach((what, count) -> counts.put(what, count.get()));
        return LedgerReport.sum(all, counts);
    }

    private LaneAccount account(LedgerMessage message) {
        return lanes.get(message.lane());
    }
}
