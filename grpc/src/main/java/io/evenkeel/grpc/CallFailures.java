package io.evenkeel.grpc;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.spi.Guard;
import io.grpc.Status;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Which results of calls tell against the Pod they came from: by default those that another Pod might have spared the
 * caller. What any Pod would have answered (an invalid argument, a missing right) and what the caller itself ended
 * never counts. Thread-safe.
 */
final class CallFailures {

    private static final Set<Status.Code> TELLING = EnumSet.of(
            Status.Code.UNAVAILABLE,
            Status.Code.INTERNAL,
            Status.Code.UNKNOWN,
            Status.Code.DEADLINE_EXCEEDED,
            Status.Code.RESOURCE_EXHAUSTED,
            Status.Code.DATA_LOSS);

    private final Predicate<Status> telling;
    private final Guard guard;

    CallFailures(Predicate<Status> telling, Guard guard) {
        this.telling = telling;
        this.guard = guard;
    }

    static boolean byDefault(Status status) {
        return TELLING.contains(status.getCode());
    }

    boolean count(EndpointKey endpoint, Status status) {
        return guard.call("countsAsFailure", endpoint, () -> telling.test(status), thrown -> byDefault(status));
    }
}
