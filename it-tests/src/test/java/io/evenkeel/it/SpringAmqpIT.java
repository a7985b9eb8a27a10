package io.evenkeel.it;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ShutdownSignalException;
import io.evenkeel.demo.amqp.broker.RabbitBrokers;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.amqp.core.AcknowledgeMode;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageListener;
import org.springframework.amqp.core.MessageProperties;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.core.QueueBuilder;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory.CacheMode;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory.ConfirmType;
import org.springframework.amqp.rabbit.connection.ChannelListener;
import org.springframework.amqp.rabbit.connection.Connection;
import org.springframework.amqp.rabbit.connection.ConnectionListener;
import org.springframework.amqp.rabbit.connection.CorrelationData;
import org.springframework.amqp.rabbit.core.RabbitAdmin;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.adapter.MessageListenerAdapter;
import org.springframework.amqp.rabbit.transaction.RabbitTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/** Spring AMQP as it is, over our factory, while its connections change between brokers. */
@RequiresRabbitmq
class SpringAmqpIT {
    private static final Duration PATIENCE = Duration.ofSeconds(40);
    private static final int FLIPS = 3;

    private final List<String> shutdowns = new CopyOnWriteArrayList<>();

    @ParameterizedTest
    @EnumSource(CacheMode.class)
    void simple_container_gets_every_confirmed_message_once(CacheMode mode, RabbitBrokers cluster) throws Exception {
        try (Spring spring = new Spring(cluster, mode)) {
            spring.confirmsAndDeliveries(spring.with(new SimpleMessageListenerContainer(spring.connections)));
        }
    }

    @ParameterizedTest
    @EnumSource(CacheMode.class)
    void direct_container_gets_every_confirmed_message_once(CacheMode mode, RabbitBrokers cluster) throws Exception {
        try (Spring spring = new Spring(cluster, mode)) {
            spring.confirmsAndDeliveries(spring.with(new DirectMessageListenerContainer(spring.connections)));
        }
    }

    @Test
    void unroutable_messages_are_returned_before_they_are_confirmed(RabbitBrokers cluster) throws Exception {
        try (Spring spring = new Spring(cluster, CacheMode.CHANNEL)) {
            for (int i = 0; i <= FLIPS; i++) {
                CorrelationData correlation = new CorrelationData("unroutable-" + i);
                spring.template.convertAndSend("", "no-such-queue", "lost", correlation);
                assertThat(correlation.getFuture().get(10, TimeUnit.SECONDS).ack())
                        .isTrue();
                assertThat(correlation.getReturned()).as("return %d", i).isNotNull();
                assertThat(correlation.getReturned().getReplyCode()).isEqualTo(312);
                if (i < FLIPS) {
                    spring.bed.flip();
                }
            }
            assertThat(shutdowns).isEmpty();
        }
    }

    @Test
    void calls_by_direct_reply_to_are_answered_across_moves(RabbitBrokers cluster) throws Exception {
        try (Spring spring = new Spring(cluster, CacheMode.CHANNEL)) {
            DirectMessageListenerContainer server = new DirectMessageListenerContainer(spring.connections);
            MessageListenerAdapter adapter = new MessageListenerAdapter(new Doubler(), "handle");
            spring.containers.add(server);
            server.setQueueNames(spring.queue.getName());
            server.setMessageListener(adapter);
            server.start();
            AtomicInteger answered = new AtomicInteger();
            List<String> wrong = new CopyOnWriteArrayList<>();
            spring.template.setReplyTimeout(10_000);
            Repeated calls = Repeated.start("rpc", i -> {
                Object answer = spring.template.convertSendAndReceive("", spring.queue.getName(), "call " + i);
                if (("call " + i + "call " + i).equals(answer)) {
                    answered.incrementAndGet();
                } else {
                    wrong.add(i + ": " + answer);
                }
            });
            for (int i = 0; i < FLIPS; i++) {
                spring.bed.flip();
            }
            calls.stop();
            assertThat(wrong).isEmpty();
            assertThat(calls.failures()).isEmpty();
            assertThat(answered.get()).isGreaterThan(10);
            assertThat(shutdowns).isEmpty();
        }
    }

    @Test
    void transactions_commit_whole_or_not_at_all(RabbitBrokers cluster) throws Exception {
        try (Spring spring = new Spring(cluster, CacheMode.CHANNEL, ConfirmType.NONE)) {
            RabbitTemplate transacted = new RabbitTemplate(spring.connections);
            transacted.setChannelTransacted(true);
            TransactionTemplate transactions =
                    new TransactionTemplate(new RabbitTransactionManager(spring.connections));
            AtomicInteger committed = new AtomicInteger();
            Repeated work = Repeated.start("transactions", i -> {
                try {
                    transactions.executeWithoutResult(status -> {
                        transacted.convertAndSend("", spring.queue.getName(), "a");
                        transacted.convertAndSend("", spring.queue.getName(), "b");
                        if (i % 3 == 0) {
                            throw new IllegalStateException("rolled back on purpose");
                        }
                    });
                    committed.incrementAndGet();
                } catch (IllegalStateException onPurpose) {
                    // nothing of it may arrive
                }
            });
            for (int i = 0; i < FLIPS; i++) {
                spring.bed.flip();
            }
            work.stop();
            assertThat(work.failures()).isEmpty();
            assertThat(committed.get()).isGreaterThan(10);
            AtomicInteger arrived = new AtomicInteger();
            await().atMost(PATIENCE).untilAsserted(() -> {
                while (transacted.receive(spring.queue.getName()) != null) {
                    arrived.incrementAndGet();
                }
                assertThat(arrived.get()).isEqualTo(2 * committed.get());
            });
            assertThat(shutdowns).isEmpty();
        }
    }

    @Test
    void channel_error_of_the_application_is_seen_as_ever(RabbitBrokers cluster) throws Exception {
        try (Spring spring = new Spring(cluster, CacheMode.CHANNEL)) {
            spring.bed.flip();
            assertThatThrownBy(() -> spring.template.execute(channel -> channel.queueDeclarePassive("no-such-queue")))
                    .rootCause()
                    .hasMessageContaining("NOT_FOUND - no queue 'no-such-queue' in vhost '/'");
            spring.template.convertAndSend("", spring.queue.getName(), "after");
            assertThat(spring.template.receiveAndConvert(spring.queue.getName(), 5_000))
                    .isEqualTo("after");
        }
    }

    /** What answers calls. */
    public static final class Doubler {
        /** Called by name. */
        public String handle(String text) {
            return text + text;
        }
    }

    /** A factory of ours in Spring's, a template, and a quorum queue. */
    private final class Spring implements AutoCloseable {
        private final AmqpBed bed;
        private final CachingConnectionFactory connections;
        private final RabbitTemplate template;
        private final RabbitAdmin admin;
        private final Queue queue;
        private final Map<String, AtomicInteger> deliveries = new ConcurrentHashMap<>();
        private final List<AbstractMessageListenerContainer> containers = new CopyOnWriteArrayList<>();

        Spring(RabbitBrokers cluster, CacheMode mode) throws Exception {
            this(cluster, mode, ConfirmType.CORRELATED);
        }

        Spring(RabbitBrokers cluster, CacheMode mode, ConfirmType confirms) throws Exception {
            bed = AmqpBed.over(cluster, 1);
            connections = new CachingConnectionFactory(bed.factory("spring", "spring"));
            connections.setCacheMode(mode);
            connections.setPublisherConfirmType(confirms);
            connections.setPublisherReturns(confirms == ConfirmType.CORRELATED);
            connections.addConnectionListener(new Connections());
            connections.addChannelListener(new Channels());
            template = new RabbitTemplate(connections);
            template.setMandatory(confirms == ConfirmType.CORRELATED);
            // its publishers have a connection of their own, so that a blocked one doesn't block consumers
            template.setUsePublisherConnection(true);
            admin = new RabbitAdmin(connections);
            queue = QueueBuilder.durable("spring-" + System.nanoTime()).quorum().build();
            admin.declareQueue(queue);
        }

        AbstractMessageListenerContainer with(AbstractMessageListenerContainer container) {
            containers.add(container);
            container.setQueueNames(queue.getName());
            container.setPrefetchCount(20);
            container.setAcknowledgeMode(AcknowledgeMode.AUTO);
            container.setMessageListener((MessageListener) message -> {
                deliveries
                        .computeIfAbsent(new String(message.getBody(), US_ASCII), body -> new AtomicInteger())
                        .incrementAndGet();
            });
            container.setApplicationEventPublisher(event -> {
                if (event.getClass().getSimpleName().contains("Fail")) {
                    shutdowns.add(event.toString());
                }
            });
            return container;
        }

        void confirmsAndDeliveries(AbstractMessageListenerContainer container) throws Exception {
            container.start();
            Map<String, CorrelationData> sent = new ConcurrentHashMap<>();
            Repeated sending = Repeated.start("sending", i -> {
                CorrelationData correlation = new CorrelationData(Integer.toString(i));
                sent.put(Integer.toString(i), correlation);
                template.send(
                        "",
                        queue.getName(),
                        new Message(Integer.toString(i).getBytes(US_ASCII), new MessageProperties()),
                        correlation);
            });
            for (int i = 0; i < FLIPS; i++) {
                bed.flip();
            }
            sending.stop();
            assertThat(sending.failures()).isEmpty();
            assertThat(sent).hasSizeGreaterThan(20);
            for (CorrelationData correlation : sent.values()) {
                CompletableFuture<CorrelationData.Confirm> confirm = correlation.getFuture();
                assertThat(confirm.get(10, TimeUnit.SECONDS).ack())
                        .as(correlation.getId())
                        .isTrue();
            }
            await().atMost(PATIENCE).untilAsserted(() -> assertThat(deliveries).hasSameSizeAs(sent));
            assertThat(deliveries.values()).allMatch(count -> count.get() == 1);
            container.stop();
            assertThat(shutdowns).isEmpty();
            assertThat(bed.moved()).isGreaterThanOrEqualTo(FLIPS);
            System.out.printf(
                    "Spring, %s, cache mode %s: %d messages sent, confirmed and handled once over %d moves, 0 shutdowns%n",
                    container.getClass().getSimpleName(), connections.getCacheMode(), sent.size(), bed.moved());
        }

        @Override
        public void close() throws Exception {
            // whatever still listens would open a connection again
            containers.forEach(AbstractMessageListenerContainer::destroy);
            template.stop();
            template.destroy();
            admin.deleteQueue(queue.getName());
            connections.destroy();
            bed.close();
        }
    }

    private final class Connections implements ConnectionListener {
        @Override
        public void onCreate(Connection connection) {
            // expected
        }

        @Override
        public void onShutDown(ShutdownSignalException signal) {
            if (!signal.isInitiatedByApplication()) {
                shutdowns.add("connection: " + signal.getMessage());
            }
        }
    }

    private final class Channels implements ChannelListener {
        @Override
        public void onCreate(Channel channel, boolean transactional) {
            // expected
        }

        @Override
        public void onShutDown(ShutdownSignalException signal) {
            if (!signal.isInitiatedByApplication()) {
                shutdowns.add("channel: " + signal.getMessage());
            }
        }
    }

    /** Does something every 5 ms on a thread of its own, and keeps what it threw. */
    private static final class Repeated {
        private final List<Throwable> failures = new CopyOnWriteArrayList<>();
        private final Thread thread;
        private volatile boolean stopped;

        private Repeated(String name, Work work) {
            thread = new Thread(() -> loop(work), name);
            thread.setDaemon(true);
        }

        static Repeated start(String name, Work work) {
            Repeated repeated = new Repeated(name, work);
            repeated.thread.start();
            return repeated;
        }

        private void loop(Work work) {
            for (int i = 0; !stopped; i++) {
                try {
                    work.once(i);
                    TimeUnit.MILLISECONDS.sleep(5);
                } catch (InterruptedException e) {
                    return;
                } catch (Exception e) {
                    failures.add(e);
                }
            }
        }

        void stop() throws InterruptedException {
            stopped = true;
            thread.join(TimeUnit.SECONDS.toMillis(20));
            assertThat(thread.isAlive()).as("%s still runs", thread.getName()).isFalse();
        }

        List<Throwable> failures() {
            return failures;
        }

        private interface Work {
            void once(int number) throws Exception;
        }
    }
}
