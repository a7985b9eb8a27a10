package io.evenkeel.demo.amqp.ledger;

/**
 * What a run sends and how.
 *
 * @param kind of the queues
 * @param lanes how many queues, each with one channel that sends and one that receives
 * @param rate messages a second, of all lanes together
 * @param prefetch how many messages a consumer may hold unacknowledged
 * @param ackEvery so many messages are acknowledged by one {@code basicAck}; 1 to prefetch
 * @param bodySize of a message, in bytes
 */
public record LedgerPlan(QueueKind kind, int lanes, int rate, int prefetch, int ackEvery, int bodySize) {
    public LedgerPlan {
        atLeastOne("lanes", lanes);
        atLeastOne("rate", rate);
        atLeastOne("prefetch", prefetch);
        atLeastOne("bodySize", bodySize);
        if (ackEvery < 1 || ackEvery > prefetch) {
            throw new IllegalArgumentException(
                    "ackEvery: " + ackEvery + " (expected: 1 to prefetch, " + prefetch + ")");
        }
    }

    /** Four lanes with 2,000 messages a second together, a prefetch of 20, each message acknowledged by itself. */
    public static LedgerPlan of(QueueKind kind) {
        return new LedgerPlan(kind, 4, 2_000, 20, 1, 256);
    }

    public LedgerPlan withKind(QueueKind newKind) {
        return new LedgerPlan(newKind, lanes, rate, prefetch, ackEvery, bodySize);
    }

    public LedgerPlan withRate(int newRate) {
        return new LedgerPlan(kind, lanes, newRate, prefetch, ackEvery, bodySize);
    }

    public LedgerPlan withAckEvery(int count) {
        return new LedgerPlan(kind, lanes, rate, prefetch, count, bodySize);
    }

    private static void atLeastOne(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: at least 1)");
        }
    }
}
