package io.evenkeel.amqp;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.status.Diagnosed;
import io.evenkeel.status.Diagnosis;
import io.evenkeel.status.EndpointFailure;
import io.evenkeel.status.FailureCause;
import io.evenkeel.status.PoolStatus;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What {@code newConnection} throws: the client's own exception, since callers tell failures apart by its type, message
 * and cause, with what is wrong and what to do as a suppressed one. Where no broker answered there is none of the
 * client's, and the time-out is {@link Diagnosed}. What the application's own code threw stays as it is. Thread-safe.
 */
final class ConnectFailures {

    private final Supplier<PoolStatus> status;

    ConnectFailures(Supplier<PoolStatus> status) {
        this.status = status;
    }

    /**
     * A broker refused a new connection, or could not be reached.
     *
     * @return the failure itself
     */
    Throwable of(EndpointKey endpoint, Throwable failure) {
        if (failure instanceof ApplicationFailure || failure instanceof Error || failure instanceof RuntimeException) {
            return failure;
        }
        FailureCause cause = DialFailures.causeOf(failure);
        Diagnosis diagnosis = new Diagnosis(
                cause, cause.advice(), status.get(), EndpointFailure.of(endpoint, cause, failure, Duration.ZERO));
        failure.addSuppressed(new Advice(diagnosis.message("newConnection failed")));
        return failure;
    }

    /** No broker answered in time. */
    TimeoutException late(Duration atMost) {
        Diagnosis found = Diagnosis.of(status.get(), FailureCause.CONNECTING.advice());
        if (found.cause() == FailureCause.POOL_EXHAUSTED) {
            // As large as the application has connections: where others are open, this one was still under way.
            found = new Diagnosis(FailureCause.CONNECTING, FailureCause.CONNECTING.advice(), found.status(), null);
        }
        return new Late(found.message("newConnection: no connection within " + atMost), found);
    }

    /**
     * Has the text alone. The client's exception is kept as the endpoint's last failure, and so is in the next status:
     * with a status attached, each failure would keep all before it in memory. Without a stack trace, since it is where
     * the other was thrown.
     */
    private static final class Advice extends Exception {
        private static final long serialVersionUID = 1L;

        Advice(String message) {
            super(message, null, false, false);
        }
    }

    private static final class Late extends TimeoutException implements Diagnosed {
        private static final long serialVersionUID = 1L;
        private final transient @Nullable Diagnosis diagnosis;

        Late(String message, Diagnosis diagnosis) {
            super(message);
            initCause(diagnosis.exception());
            this.diagnosis = diagnosis;
        }

        @Override
        public @Nullable Diagnosis diagnosis() {
            return diagnosis;
        }
    }
}
