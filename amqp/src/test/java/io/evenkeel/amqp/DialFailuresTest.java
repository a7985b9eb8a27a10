package io.evenkeel.amqp;

import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AuthenticationFailureException;
import com.rabbitmq.client.ShutdownSignalException;
import io.evenkeel.status.FailureCause;
import java.io.IOException;
import java.net.ConnectException;
import org.junit.jupiter.api.Test;

class DialFailuresTest {

    private static ShutdownSignalException closedWith(int code) {
        AMQP.Connection.Close close = new AMQP.Connection.Close.Builder()
                .replyCode(code)
                .replyText("as the broker says")
                .build();
        return new ShutdownSignalException(true, false, close, null);
    }

    @Test
    void each_kind_that_differs_in_what_to_do_is_told_apart() {
        assertThat(DialFailures.causeOf(new AuthenticationFailureException("ACCESS_REFUSED")))
                .isEqualTo(FailureCause.AUTHENTICATION);
        assertThat(DialFailures.causeOf(new IOException(closedWith(AMQP.ACCESS_REFUSED))))
                .isEqualTo(FailureCause.AUTHENTICATION);
        assertThat(DialFailures.causeOf(new IOException(closedWith(AMQP.NOT_ALLOWED))))
                .isEqualTo(FailureCause.DATABASE_MISSING);
        assertThat(DialFailures.causeOf(closedWith(AMQP.CONNECTION_FORCED))).isEqualTo(FailureCause.OTHER);
        assertThat(DialFailures.causeOf(new ApplicationFailure("CredentialsProvider", new IllegalStateException())))
                .isEqualTo(FailureCause.CLIENT);
        assertThat(DialFailures.causeOf(new ConnectException("refused"))).isEqualTo(FailureCause.UNREACHABLE);
    }
}
