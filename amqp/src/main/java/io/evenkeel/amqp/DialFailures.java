package io.evenkeel.amqp;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.PossibleAuthenticationFailureException;
import com.rabbitmq.client.ShutdownSignalException;
import io.evenkeel.status.FailureCause;

/** What a failure to connect says. */
final class DialFailures {

    private DialFailures() {}

    /**
     * Whether it says nothing about the broker: who the client is, or what it wants, is refused (wrong credentials, no
     * such virtual host, no right to it), or the application's own code failed. Every other broker would give the same.
     */
    static boolean isRefusal(Throwable failure) {
        if (failure instanceof PossibleAuthenticationFailureException || failure instanceof ApplicationFailure) {
            return true;
        }
        if (failure instanceof ShutdownSignalException signal) {
            return isRefusal(signal);
        }
        if (failure instanceof RuntimeException || failure instanceof Error) {
            // The client's own failures are checked exceptions.
            return true;
        }
        return failure.getCause() instanceof ShutdownSignalException signal && isRefusal(signal);
    }

    /** The kind of the failure, for messages and advice. */
    static FailureCause causeOf(Throwable failure) {
        if (failure instanceof ApplicationFailure) {
            return FailureCause.CLIENT;
        }
        if (failure instanceof PossibleAuthenticationFailureException) {
            return FailureCause.AUTHENTICATION;
        }
        Throwable signal = failure instanceof ShutdownSignalException ? failure : failure.getCause();
        if (signal instanceof ShutdownSignalException shutdown
                && shutdown.getReason() instanceof AMQP.Connection.Close close) {
            // The broker's answers to a virtual host that it does not have, and to one that is not for this user.
            return switch (close.getReplyCode()) {
                case AMQP.ACCESS_REFUSED -> FailureCause.AUTHENTICATION;
                case AMQP.NOT_ALLOWED -> FailureCause.DATABASE_MISSING;
                default -> FailureCause.of(failure);
            };
        }
        return FailureCause.of(failure);
    }

    private static boolean isRefusal(ShutdownSignalException signal) {
        return signal.getReason() instanceof AMQP.Connection.Close close
                && (close.getReplyCode() == AMQP.NOT_ALLOWED || close.getReplyCode() == AMQP.ACCESS_REFUSED);
    }
}
