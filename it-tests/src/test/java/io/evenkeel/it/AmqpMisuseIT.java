package io.evenkeel.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.ShutdownSignalException;
import io.evenkeel.demo.amqp.broker.RabbitBrokers;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the application does wrong is answered as the plain client answers it: the two are run side by side. */
@RequiresRabbitmq
class AmqpMisuseIT {
    private static final int TIMEOUT_SECONDS = 10;
    private static final String MISSING = "no-such-thing";

    @ParameterizedTest
    @EnumSource(Misuse.class)
    void misuse_is_answered_as_by_the_plain_client(Misuse misuse, RabbitBrokers cluster) throws Exception {
        Connection other = cluster.plainFactory(cluster.brokers().get(0)).newConnection("plain");
        String plain = answerTo(misuse, other);
        other.abort();
        try (AmqpBed bed = AmqpBed.over(cluster, 2)) {
            Connection connection = bed.open(bed.factory("misuse", "misuse"), "misuse");
            assertThat(answerTo(misuse, connection)).as("before a move").isEqualTo(plain);
        }
        try (AmqpBed bed = AmqpBed.over(cluster, 1)) {
            Connection connection = bed.open(bed.factory("misuse", "misuse"), "misuse");
            Channel open = connection.createChannel();
            bed.flip();
            assertThat(answerTo(misuse, connection)).as("after a move").isEqualTo(plain);
            assertThat(open.isOpen()).isEqualTo(misuse != Misuse.CHANNEL_OF_A_CLOSED_CONNECTION);
        }
    }

    @Test
    void wrong_password_is_answered_as_by_the_plain_client(RabbitBrokers cluster) throws Exception {
        ConnectionFactory plain = cluster.plainFactory(cluster.brokers().get(0));
        plain.setPassword("wrong");
        try (AmqpBed bed = AmqpBed.over(cluster, 2)) {
            var ours = bed.factory("password", "password");
            ours.setPassword("wrong");
            assertThat(failure(ours::newConnection)).isEqualTo(failure(plain::newConnection));
        }
    }

    @Test
    void missing_virtual_host_is_answered_as_by_the_plain_client(RabbitBrokers cluster) throws Exception {
        ConnectionFactory plain = cluster.plainFactory(cluster.brokers().get(0));
        plain.setVirtualHost(MISSING);
        try (AmqpBed bed = AmqpBed.over(cluster, 2)) {
            var ours = bed.factory("vhost", "vhost");
            ours.setVirtualHost(MISSING);
            assertThat(failure(ours::newConnection)).isEqualTo(failure(plain::newConnection));
        }
    }

    private static String answerTo(Misuse misuse, Connection connection) {
        return failure(() -> misuse.commit(connection));
    }

    private static String failure(Deed deed) {
        try {
            deed.done();
            return "nothing";
        } catch (Throwable thrown) {
            StringBuilder all = new StringBuilder();
            for (Throwable at = thrown; at != null; at = at.getCause()) {
                all.append(at.getClass().getName())
                        .append(": ")
                        .append(at.getMessage())
                        .append(System.lineSeparator());
            }
            return all.toString();
        }
    }

    private interface Deed {
        void done() throws Exception;
    }

    private enum Misuse {
        CLOSED_CHANNEL {
            @Override
            void commit(Connection connection) throws Exception {
                Channel channel = connection.createChannel();
                channel.close();
                channel.basicPublish("", "anywhere", null, new byte[0]);
            }
        },
        CHANNEL_OF_A_CLOSED_CONNECTION {
            @Override
            void commit(Connection connection) throws Exception {
                connection.close();
                connection.createChannel();
            }
        },
        UNKNOWN_DELIVERY_TAG {
            @Override
            void commit(Connection connection) throws Exception {
                Channel channel = connection.createChannel();
                var end = endOf(channel);
                channel.basicAck(77, false);
                throw end.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
            }
        },
        DELIVERY_ACKNOWLEDGED_TWICE {
            @Override
            void commit(Connection connection) throws Exception {
                Channel channel = connection.createChannel();
                String queue = channel.queueDeclare("misuse-twice", false, false, false, Map.of())
                        .getQueue();
                channel.basicPublish("", queue, null, new byte[1]);
                var end = endOf(channel);
                try {
                    var got = channel.basicGet(queue, false);
                    while (got == null) {
                        got = channel.basicGet(queue, false);
                    }
                    channel.basicAck(got.getEnvelope().getDeliveryTag(), false);
                    channel.basicAck(got.getEnvelope().getDeliveryTag(), false);
                    throw end.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
                } finally {
                    try (Channel cleaner = connection.createChannel()) {
                        cleaner.queueDelete(queue);
                    }
                }
            }
        },
        MISSING_EXCHANGE {
            @Override
            void commit(Connection connection) throws Exception {
                Channel channel = connection.createChannel();
                var end = endOf(channel);
                channel.basicPublish(MISSING, "", null, new byte[0]);
                throw end.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
            }
        },
        MISSING_QUEUE_DECLARED_PASSIVELY {
            @Override
            void commit(Connection connection) throws Exception {
                connection.createChannel().queueDeclarePassive(MISSING);
            }
        },
        MISSING_QUEUE_CONSUMED {
            @Override
            void commit(Connection connection) throws Exception {
                Channel channel = connection.createChannel();
                channel.basicConsume(MISSING, new DefaultConsumer(channel));
            }
        },
        QUEUE_DECLARED_OTHERWISE {
            @Override
            void commit(Connection connection) throws Exception {
                try (Channel channel = connection.createChannel()) {
                    channel.queueDeclare("misuse-otherwise", false, false, false, Map.of());
                }
                try {
                    connection.createChannel().queueDeclare("misuse-otherwise", true, false, false, Map.of());
                } finally {
                    try (Channel cleaner = connection.createChannel()) {
                        cleaner.queueDelete("misuse-otherwise");
                    }
                }
            }
        },
        QUEUE_DELETED_UNDER_ITS_CONSUMER {
            @Override
            void commit(Connection connection) throws Exception {
                Channel channel = connection.createChannel();
                channel.queueDeclare("misuse-deleted", false, false, false, Map.of());
                CompletableFuture<String> cancelled = new CompletableFuture<>();
                channel.basicConsume("misuse-deleted", false, "its-tag", (tag, delivery) -> {}, cancelled::complete);
                try (Channel other = connection.createChannel()) {
                    other.queueDelete("misuse-deleted");
                }
                throw new IllegalStateException("cancelled: " + cancelled.get(TIMEOUT_SECONDS, TimeUnit.SECONDS));
            }
        },
        TRANSACTION_ENDED_WITHOUT_ONE {
            @Override
            void commit(Connection connection) throws Exception {
                connection.createChannel().txCommit();
            }
        },
        CONFIRMS_AWAITED_WITHOUT_ANY {
            @Override
            void commit(Connection connection) throws Exception {
                connection.createChannel().waitForConfirms(1_000);
            }
        };

        abstract void commit(Connection connection) throws Exception;

        private static CompletableFuture<ShutdownSignalException> endOf(Channel channel) {
            CompletableFuture<ShutdownSignalException> end = new CompletableFuture<>();
            channel.addShutdownListener(end::complete);
            return end;
        }
    }
}
