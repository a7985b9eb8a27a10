package io.evenkeel.jdbc.pool;

import io.evenkeel.FaultInjector.Kind;

/**
 * Which calls of a scenario an enumerator fails: every {@code of}-th, from the {@code number}-th on. The shards 1/n to n/n
 * have each call once between them, so what takes too long for one run is tried in n.
 */
record CallShard(int number, int of) {

    private static final String PROPERTY = "evenkeel.foreign.shard";

    CallShard {
        if (number < 1 || number > of) {
            throw new IllegalArgumentException(PROPERTY + ": " + number + "/" + of + " (expected: k/n, 1 <= k <= n)");
        }
    }

    /** What {@code -Devenkeel.foreign.shard=k/n} says, else the one that every build tries. */
    static CallShard ofProperty(String otherwise) {
        String[] parts = System.getProperty(PROPERTY, otherwise).split("/", 2);
        return new CallShard(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]));
    }

    /** Counted from 1. Each kind begins with another call, so that a few runs still fail many different ones. */
    int first(Kind kind) {
        return 1 + (number - 1 + kind.ordinal()) % of;
    }

    @Override
    public String toString() {
        return number + "/" + of;
    }
}
