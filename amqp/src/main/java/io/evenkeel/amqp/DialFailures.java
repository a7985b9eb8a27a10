package io.evenkeel.amqp;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.PossibleAuthenticationFailureException;
import com.rabbitmq.client.ShutdownSignalException;

/** What a failure to connect says. */
final class DialFailures {

    private DialFailures() {}

    /**
     * Whether it says nothing about the broker: who the client is, or what it wants, is refused (wrong credentials, no such
     * virtual host, no right to it), or the application's own code failed. Every other broker would give the same.
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

    private static boolean isRefusal(ShutdownSignalException signal) {
        return signal.getReason() instanceof AMQP.Connection.Close close
                && (close.getReplyCode() == AMQP.NOT_ALLOWED || close.getReplyCode() == AMQP.ACCESS_REFUSED);
    }
}
