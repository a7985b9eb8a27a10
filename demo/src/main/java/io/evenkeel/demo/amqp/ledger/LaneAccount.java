package io.evenkeel.demo.amqp.ledger;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/** The account of one lane, whose messages have one producer and one consumer and so one order. */
final class LaneAccount {
    private static final int FIRST_CAPACITY = 4096;

    private final ReentrantLock lock = new ReentrantLock();

    @GuardedBy("lock")
    private final BitSet sent = new BitSet();

    @GuardedBy("lock")
    private final BitSet confirmed = new BitSet();

    @GuardedBy("lock")
    private final BitSet refused = new BitSet();

    @GuardedBy("lock")
    private short[] deliveries = new short[FIRST_CAPACITY];

    @GuardedBy("lock")
    private long redelivered;

    @GuardedBy("lock")
    private long outOfOrder;

    @GuardedBy("lock")
    private int newest = -1;

    void sent(long number) {
        lock.lock();
        try {
            sent.set(index(number));
        } finally {
            lock.unlock();
        }
    }

    void confirmed(long number) {
        lock.lock();
        try {
            confirmed.set(index(number));
        } finally {
            lock.unlock();
        }
    }

    void refused(long number) {
        lock.lock();
        try {
            refused.set(index(number));
        } finally {
            lock.unlock();
        }
    }

    void delivered(long number, boolean flagged) {
        int index = index(number);
        lock.lock();
        try {
            if (index >= deliveries.length) {
                deliveries = Arrays.copyOf(deliveries, Math.max(index + 1, deliveries.length * 2));
            }
            deliveries[index]++;
            if (flagged) {
                redelivered++;
            }
            // a message that the broker says it repeats may come late; any other has to come after those before it
            if (index < newest && !flagged) {
                outOfOrder++;
            }
            newest = Math.max(newest, index);
        } finally {
            lock.unlock();
        }
    }

    LedgerReport report() {
        lock.lock();
        try {
            long repeated = 0;
            BitSet arrived = new BitSet();
            for (int i = 0; i < deliveries.length; i++) {
                if (deliveries[i] > 0) {
                    arrived.set(i);
                    repeated += deliveries[i] - 1;
                }
            }
            BitSet lost = (BitSet) confirmed.clone();
            lost.andNot(arrived);
            BitSet unanswered = (BitSet) sent.clone();
            unanswered.andNot(confirmed);
            unanswered.andNot(refused);
            return new LedgerReport(
                    sent.cardinality(),
                    confirmed.cardinality(),
                    refused.cardinality(),
                    unanswered.cardinality(),
                    arrived.cardinality(),
                    lost.cardinality(),
                    repeated,
                    redelivered,
                    outOfOrder,
                    Map.of());
        } finally {
            lock.unlock();
        }
    }

    private static int index(long number) {
        return Math.toIntExact(number);
    }
}
