package io.evenkeel.amqp;

import com.rabbitmq.client.AuthenticationFailureException;
import com.rabbitmq.client.PossibleAuthenticationFailureException;
import com.rabbitmq.client.ShutdownSignalException;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.status.Diagnosed;
import io.evenkeel.status.Diagnosis;
import io.evenkeel.status.EndpointFailure;
import io.evenkeel.status.FailureCause;
import io.evenkeel.status.PoolStatus;
import java.io.IOException;
import java.net.ConnectException;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * What {@code newConnection} throws: of the type by which callers of the plain client tell failures apart, with what is
 * wrong and what to do in the message, the pool attached ({@link Diagnosed}), and the client's own exception as the
 * cause. What the application's own code threw stays as it is. Thread-safe.
 */
final class ConnectFailures {

    private final Supplier<PoolStatus> status;

    ConnectFailures(Supplier<PoolStatus> status) {
        this.status = status;
    }

    /** A broker refused a new connection, or could not be reached. */
    Throwable of(EndpointKey endpoint, Throwable failure) {
        if (failure instanceof ApplicationFailure || failure instanceof Error || failure instanceof RuntimeException) {
            return failure;
        }
        FailureCause cause = DialFailures.causeOf(failure);
        Diagnosis diagnosis = new Diagnosis(
                cause, cause.advice(), status.get(), EndpointFailure.of(endpoint, cause, failure, Duration.ZERO));
        return typed(diagnosis.message("newConnection failed"), failure, diagnosis);
    }

    /** No broker answered in time. */
    TimeoutException late(Duration atMost) {
        Diagnosis found = Diagnosis.of(status.get(), FailureCause.CONNECTING.advice());
        if (found.cause() == FailureCause.POOL_EXHAUSTED) {
            // As large as the application has connections: where others are open, this one was still under way.
            found = new Diagnosis(FailureCause.CONNECTING, FailureCause.CONNECTING.advice(), found.status(), null);
        }
        return new Late(found.message("newConnection: no connection within " + atMost), found.exception(), found);
    }

    private static Exception typed(String message, Throwable failure, Diagnosis diagnosis) {
        if (failure instanceof AuthenticationFailureException) {
            return new Authentication(message, failure, diagnosis);
        }
        if (failure instanceof PossibleAuthenticationFailureException) {
            return new PossibleAuthentication(message, failure, diagnosis);
        }
        if (failure instanceof TimeoutException) {
            return new Late(message, failure, diagnosis);
        }
        if (failure instanceof ConnectException) {
            return new Connect(message, failure, diagnosis);
        }
        if (failure instanceof SSLException) {
            return new Tls(message, failure, diagnosis);
        }
        // Of the client, where the signal is the direct cause and the wrapper says nothing: callers look for it there.
        boolean signal =
                failure.getClass() == IOException.class && failure.getCause() instanceof ShutdownSignalException;
        return new Io(message, signal ? failure.getCause() : failure, diagnosis);
    }

    private static final class Io extends IOException implements Diagnosed {
        private static final long serialVersionUID = 1L;
        private final transient @Nullable Diagnosis diagnosis;

        Io(String message, @Nullable Throwable cause, Diagnosis diagnosis) {
            super(message, cause);
            this.diagnosis = diagnosis;
        }

        @Override
        public @Nullable Diagnosis diagnosis() {
            return diagnosis;
        }
    }

    private static final class Connect extends ConnectException implements Diagnosed {
        private static final long serialVersionUID = 1L;
        private final transient @Nullable Diagnosis diagnosis;

        Connect(String message, Throwable cause, Diagnosis diagnosis) {
            super(message);
            initCause(cause);
            this.diagnosis = diagnosis;
        }

        @Override
        public @Nullable Diagnosis diagnosis() {
            return diagnosis;
        }
    }

    private static final class Tls extends SSLException implements Diagnosed {
        private static final long serialVersionUID = 1L;
        private final transient @Nullable Diagnosis diagnosis;

        Tls(String message, Throwable cause, Diagnosis diagnosis) {
            super(message, cause);
            this.diagnosis = diagnosis;
        }

        @Override
        public @Nullable Diagnosis diagnosis() {
            return diagnosis;
        }
    }

    private static final class Authentication extends AuthenticationFailureException implements Diagnosed {
        private static final long serialVersionUID = 1L;
        private final transient @Nullable Diagnosis diagnosis;

        Authentication(String message, Throwable cause, Diagnosis diagnosis) {
            super(message);
            initCause(cause);
            this.diagnosis = diagnosis;
        }

        @Override
        public @Nullable Diagnosis diagnosis() {
            return diagnosis;
        }
    }

    private static final class PossibleAuthentication extends PossibleAuthenticationFailureException
            implements Diagnosed {
        private static final long serialVersionUID = 1L;
        private final transient @Nullable Diagnosis diagnosis;

        PossibleAuthentication(String message, Throwable cause, Diagnosis diagnosis) {
            super(message);
            initCause(cause);
            this.diagnosis = diagnosis;
        }

        @Override
        public @Nullable Diagnosis diagnosis() {
            return diagnosis;
        }
    }

    private static final class Late extends TimeoutException implements Diagnosed {
        private static final long serialVersionUID = 1L;
        private final transient @Nullable Diagnosis diagnosis;

        Late(String message, @Nullable Throwable cause, Diagnosis diagnosis) {
            super(message);
            initCause(cause);
            this.diagnosis = diagnosis;
        }

        @Override
        public @Nullable Diagnosis diagnosis() {
            return diagnosis;
        }
    }
}
