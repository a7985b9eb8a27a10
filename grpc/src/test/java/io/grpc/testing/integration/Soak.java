package io.grpc.testing.integration;

import io.grpc.ManagedChannel;
import java.util.function.UnaryOperator;
import java.util.logging.Level;
import java.util.logging.Logger;

/** gRPC's soak cases, whose class is not public. */
public final class Soak {

    private static final int MESSAGE_BYTES = 1_000;
    private static final int LATENCY_AT_MOST_MILLIS = 20_000;
    private static final int SECONDS_AT_MOST = 60;

    /** It reports every call. Held, else it is made anew. */
    private static final Logger LOG = Logger.getLogger(SoakClient.class.getName());

    static {
        LOG.setLevel(Level.WARNING);
    }

    private Soak() {}

    /**
     * Sends that many unary calls, and fails if one of them does or if they take too long.
     *
     * @param target for the log only
     * @param perIteration the channel of the next call, given that of the last: the same for {@code rpc_soak}, a new
     *     one for {@code channel_soak}
     */
    public static void run(
            String target, int calls, int threads, ManagedChannel first, UnaryOperator<ManagedChannel> perIteration)
            throws InterruptedException {
        SoakClient.performSoakTest(
                target,
                calls,
                0,
                LATENCY_AT_MOST_MILLIS,
                0,
                SECONDS_AT_MOST,
                MESSAGE_BYTES,
                MESSAGE_BYTES,
                threads,
                first,
                perIteration::apply);
    }
}
