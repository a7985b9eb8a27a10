package io.evenkeel.amqp;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ExceptionHandler;
import com.rabbitmq.client.impl.DefaultExceptionHandler;
import io.evenkeel.endpoint.EndpointKey;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import java.util.function.ToLongBiFunction;

/**
 * Brokers without a network that share their queues, for one thread: what a broker sends is handled at once, on the thread
 * that made it send, unless a test holds it back. Every operation can be made to fail. What a broker would refuse, it
 * refuses, so that a wrong tag is found out.
 */
final class FakeCluster {

    /** A message with its number, which tells it from all others. */
    record Message(long number, boolean redelivered) {}

    /** Fails an operation, by throwing. */
    interface Fault {
        void before(EndpointKey broker, String operation) throws IOException;
    }

    /** Brings what brokers send to the threads of the client. */
    interface Wire {
        void toWorker(FakeChannel channel, FakeChannel.Work work);

        void toReader(FakeConnection connection, FakeChannel.Work work);
    }

    /** Exclusive queues and the connections that they go with. */
    final Map<String, FakeConnection> exclusive = new HashMap<>();

    final Set<String> autoDelete = new HashSet<>();

    /** What goes with its connection, or its last consumer, goes. */
    void forgetUnused() {
        exclusive.entrySet().removeIf(entry -> !entry.getValue().isOpen() && drop(entry.getKey()));
    }

    void consumerGone(String queue) {
        if (autoDelete.contains(queue) && consuming.stream().noneMatch(channel -> channel.consumes(queue))) {
            autoDelete.remove(queue);
            drop(queue);
        }
    }

    private boolean drop(String queue) {
        queues.remove(queue);
        return true;
    }

    /** Null: what is sent is handled at once. */
    Wire wire;

    /** Everything that was ever put into a queue, in order, and what was acknowledged. */
    final List<Long> enqueued = new ArrayList<>();

    final Set<Long> acknowledged = new HashSet<>();

    final Map<String, Deque<Message>> queues = new HashMap<>();
    /** What is in streams, by offset. */
    final Map<String, List<Message>> streams = new HashMap<>();

    /** What messages of other queues carry. */
    Map<String, Object> headers = Map.of();

    /** Where a broker begins that is asked for an offset: elsewhere, if its replica is behind. */
    ToLongBiFunction<EndpointKey, Long> beginsAt = (broker, asked) -> asked;

    final List<FakeChannel> consuming = new ArrayList<>();
    // Looked at by tests while a move on another thread opens connections, and writes what it does.
    final List<FakeConnection> connections = new CopyOnWriteArrayList<>();
    final List<String> log = new CopyOnWriteArrayList<>();
    final Set<EndpointKey> unreachable = new HashSet<>();
    /** Whether handlers wait for {@link FakeChannel#dispatchAll}. */
    boolean holdDispatch;
    /** Whether confirms wait for {@link FakeChannel#confirm}. */
    boolean holdConfirms;

    /** What was declared where, by name; without a wire. */
    final List<String> declared = new ArrayList<>();

    int channelMax = 2047;

    /** Whether everything that is published on a raw channel is refused. */
    Predicate<FakeChannel> refuses = channel -> false;

    Fault fault = (broker, operation) -> {};
    private long published;

    static EndpointKey broker(String name) {
        return new EndpointKey(name, "10.0.0." + (name.charAt(0) - 'a' + 1), 5672);
    }

    void queue(String name) {
        if (!streams.containsKey(name)) {
            queues.putIfAbsent(name, new ArrayDeque<>());
        }
    }

    void stream(String name) {
        streams.putIfAbsent(name, new ArrayList<>());
    }

    /** Puts a message into a queue and sends it to who consumes. */
    long publish(String queue) {
        return publish(queue, ++published);
    }

    /** Messages to a queue that does not exist are dropped, where what is declared matters. */
    long publish(String queue, long number) {
        if (wire != null && !queues.containsKey(queue)) {
            return number;
        }
        enqueued.add(number);
        if (streams.containsKey(queue)) {
            streams.get(queue).add(new Message(number, false));
        } else {
            queue(queue);
            queues.get(queue).add(new Message(number, false));
        }
        deliver();
        return number;
    }

    void deliver() {
        for (FakeChannel channel : List.copyOf(consuming)) {
            channel.push();
        }
    }

    void giveBack(String queue, List<Message> messages) {
        Deque<Message> waiting = queues.get(queue);
        if (waiting == null) {
            return;
        }
        for (int i = messages.size() - 1; i >= 0; i--) {
            waiting.addFirst(new Message(messages.get(i).number(), true));
        }
    }

    List<FakeConnection> open(EndpointKey broker) {
        return connections.stream()
                .filter(connection -> connection.isOpen() && connection.broker.equals(broker))
                .toList();
    }

    void operation(EndpointKey broker, String operation) throws IOException {
        if (wire == null) {
            log.add(broker.identity() + " " + operation);
        }
        fault.before(broker, operation);
    }

    /** The settings of a test's connection. */
    Dialer dialer() {
        return new FakeDialer();
    }

    class FakeDialer implements Dialer {
        boolean recovers = true;
        boolean recoversTopology = true;
        ConsumerHandover handover = ConsumerHandover.STRICT;
        Duration ackHold = Duration.ZERO;
        Duration publisherPause = Duration.ofMillis(20);
        Duration moveDeadline = Duration.ofMillis(50);
        Duration closeTimeout = Duration.ofSeconds(10);
        /** What this connection's own settings make of each dial; null for nothing. */
        Throwable failure;

        ExceptionHandler exceptions = new DefaultExceptionHandler();

        @Override
        public Connection dial(EndpointKey endpoint, ExceptionHandler handler, boolean again) throws IOException {
            operation(endpoint, "dial");
            if (failure instanceof IOException io) {
                throw io;
            }
            if (failure instanceof Error error) {
                throw error;
            }
            if (unreachable.contains(endpoint)) {
                throw new IOException("connection refused");
            }
            FakeConnection connection = new FakeConnection(FakeCluster.this, endpoint);
            connections.add(connection);
            return connection;
        }

        @Override
        public ExceptionHandler exceptionHandler() {
            return exceptions;
        }

        @Override
        public boolean recovers() {
            return recovers;
        }

        @Override
        public boolean recoversTopology() {
            return recoversTopology;
        }

        @Override
        public ConsumerHandover handover() {
            return handover;
        }

        @Override
        public Duration ackHold() {
            return ackHold;
        }

        @Override
        public Duration publisherPause() {
            return publisherPause;
        }

        @Override
        public Duration moveDeadline() {
            return moveDeadline;
        }

        @Override
        public Duration closeTimeout() {
            return closeTimeout;
        }

        @Override
        public String name() {
            return "test";
        }
    }

    static byte[] body(long number) {
        return Long.toString(number).getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    }

    static long number(byte[] body) {
        return Long.parseLong(new String(body, java.nio.charset.StandardCharsets.US_ASCII));
    }

    static AMQP.BasicProperties properties(Map<String, Object> headers) {
        return new AMQP.BasicProperties.Builder().headers(headers).build();
    }
}
