package io.evenkeel.amqp;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Command;
import com.rabbitmq.client.ConfirmListener;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.Consumer;
import com.rabbitmq.client.Envelope;
import com.rabbitmq.client.GetResponse;
import com.rabbitmq.client.Method;
import com.rabbitmq.client.RecoveryListener;
import com.rabbitmq.client.ReturnListener;
import com.rabbitmq.client.ShutdownListener;
import com.rabbitmq.client.ShutdownSignalException;
import com.rabbitmq.client.impl.AMQImpl;
import io.evenkeel.FaultInjector;
import io.evenkeel.amqp.FakeCluster.Message;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/** A raw channel of a {@link FakeCluster}: a broker's side and the client's in one. */
final class FakeChannel extends ChannelOverloads {

    /** @param next of a stream: the offset that is delivered next */
    private record Subscription(
            String queue,
            boolean autoAck,
            int prefetch,
            Consumer consumer,
            Map<String, Object> args,
            AtomicLong next) {}

    private record Unacked(String queue, Message message) {}

    interface Work {
        void run() throws IOException;
    }

    private final FakeConnection connection;
    private final FakeCluster cluster;
    private final int number;
    private final List<ShutdownListener> shutdownListeners = new CopyOnWriteArrayList<>();
    private final List<ConfirmListener> confirmListeners = new CopyOnWriteArrayList<>();
    final List<ReturnListener> returnListeners = new CopyOnWriteArrayList<>();
    private final Map<String, Subscription> subscriptions = new LinkedHashMap<>();
    private final TreeMap<Long, Unacked> unacked = new TreeMap<>();
    private final TreeSet<Long> unconfirmed = new TreeSet<>();
    private final Deque<Work> dispatch = new ArrayDeque<>();
    private boolean dispatching;
    private long lastTag;
    private long nextPublish;
    private int prefetch;
    final List<Integer> shared = new ArrayList<>();
    boolean tx;
    /** What was published in the open transaction. */
    private final List<Runnable> open = new ArrayList<>();

    private ShutdownSignalException cause;
    private Consumer defaultConsumer;

    FakeChannel(FakeConnection connection, int number) {
        this.connection = connection;
        this.cluster = connection.cluster;
        this.number = number;
    }

    // The broker.

    private void operation(String what) throws IOException {
        if (cause != null) {
            throw new AlreadyClosedException(cause);
        }
        cluster.operation(connection.broker, what);
        if (cause != null) {
            throw new IOException(cause);
        }
    }

    private void declared(String what) {
        if (cluster.wire == null) {
            cluster.declared.add(connection.broker.identity() + " " + what);
        }
    }

    void push() {
        for (Subscription subscription : new ArrayList<>(subscriptions.values())) {
            pushStream(subscription);
            Deque<Message> waiting = cluster.queues.get(subscription.queue());
            while (cause == null && waiting != null && !waiting.isEmpty() && mayTake(subscription)) {
                Message message = waiting.poll();
                long tag = ++lastTag;
                if (!subscription.autoAck()) {
                    unacked.put(tag, new Unacked(subscription.queue(), message));
                }
                deliver(subscription, tag, message, cluster.headers);
            }
        }
    }

    private void pushStream(Subscription subscription) {
        List<Message> log = cluster.streams.getOrDefault(subscription.queue(), List.of());
        while (cause == null
                && subscriptions.containsValue(subscription)
                && subscription.next().get() < log.size()
                && mayTake(subscription)) {
            long offset = subscription.next().getAndIncrement();
            long tag = ++lastTag;
            Message message = log.get((int) offset);
            if (!subscription.autoAck()) {
                unacked.put(tag, new Unacked(subscription.queue(), message));
            }
            deliver(subscription, tag, message, Map.of("x-stream-offset", offset));
        }
    }

    private void deliver(Subscription to, long tag, Message message, Map<String, Object> headers) {
        String consumerTag = tagOf(to);
        Envelope envelope = new Envelope(tag, message.redelivered(), "", to.queue());
        dispatch(() -> to.consumer()
                .handleDelivery(
                        consumerTag, envelope, FakeCluster.properties(headers), FakeCluster.body(message.number())));
    }

    /** Where it begins, as the broker says. */
    private long firstOffset(String queue, Map<String, Object> arguments) {
        int size = cluster.streams.getOrDefault(queue, List.of()).size();
        Object asked = arguments == null ? null : arguments.get("x-stream-offset");
        return asked instanceof Long at
                ? cluster.beginsAt.applyAsLong(connection.broker, at)
                : "first".equals(asked) ? 0 : size;
    }

    private boolean mayTake(Subscription subscription) {
        return subscription.autoAck() || subscription.prefetch() == 0 || unacked.size() < subscription.prefetch();
    }

    private String tagOf(Subscription subscription) {
        for (Map.Entry<String, Subscription> entry : subscriptions.entrySet()) {
            if (entry.getValue() == subscription) {
                return entry.getKey();
            }
        }
        return "gone";
    }

    private void dispatch(Work work) {
        if (cluster.wire != null) {
            cluster.wire.toWorker(this, work);
            return;
        }
        dispatch.add(work);
        if (!cluster.holdDispatch) {
            dispatchAll();
        }
    }

    /** Runs what waits to be handled. */
    void dispatchAll() {
        if (dispatching) {
            return;
        }
        dispatching = true;
        try {
            for (Work work = dispatch.poll(); work != null; work = dispatch.poll()) {
                guarded(work);
            }
        } catch (IOException e) {
            throw new AssertionError("a handler failed", e);
        } finally {
            dispatching = false;
        }
    }

    /** The client gives to its exception handler what handlers and listeners throw; a test's own failure is let through. */
    static void guarded(Work work) throws IOException {
        try {
            work.run();
        } catch (RuntimeException | Error failure) {
            if (!FaultInjector.MESSAGE.equals(failure.getMessage())) {
                throw failure;
            }
        }
    }

    /** The broker confirms, or refuses. */
    void confirm(long tag, boolean multiple, boolean ack) throws IOException {
        for (ConfirmListener listener : confirmListeners) {
            guarded(() -> {
                if (ack) {
                    listener.handleAck(tag, multiple);
                } else {
                    listener.handleNack(tag, multiple);
                }
            });
        }
        if (multiple) {
            unconfirmed.headSet(tag, true).clear();
        } else {
            unconfirmed.remove(tag);
        }
    }

    void confirmAll() throws IOException {
        if (!unconfirmed.isEmpty()) {
            confirm(unconfirmed.last(), true, true);
        }
    }

    /** The broker cancels a consumer, since its queue is gone. */
    void cancelByBroker(String tag) {
        Subscription gone = subscriptions.remove(tag);
        dispatch(() -> gone.consumer().handleCancel(tag));
    }

    void closeByBroker(int code, String text) {
        closeByBroker(code, text, "");
    }

    /** @param operation that the broker closes it for, as {@link FakeCluster#fault} calls it */
    void closeByBroker(int code, String text, String operation) {
        int method = switch (operation) {
            case "qos" -> 10;
            case "consume" -> 20;
            default -> 0;
        };
        end(new ShutdownSignalException(
                false,
                false,
                new AMQP.Channel.Close.Builder()
                        .replyCode(code)
                        .replyText(text)
                        .classId(method == 0 ? 0 : 60)
                        .methodId(method)
                        .build(),
                this));
    }

    void end(ShutdownSignalException signal) {
        if (cause != null) {
            return;
        }
        cause = signal;
        connection.channels.remove(number);
        cluster.consuming.remove(this);
        Map<String, List<Message>> back = new LinkedHashMap<>();
        unacked.values()
                .forEach(one -> back.computeIfAbsent(one.queue(), any -> new ArrayList<>())
                        .add(one.message()));
        back.forEach(cluster::giveBack);
        unacked.clear();
        Map<String, Subscription> ended = new LinkedHashMap<>(subscriptions);
        if (cluster.wire != null) {
            subscriptions.clear();
            ended.values().forEach(one -> cluster.consumerGone(one.queue()));
        }
        ended.forEach((tag, subscription) -> {
            Work work = () -> subscription.consumer().handleShutdownSignal(tag, signal);
            if (cluster.wire != null) {
                cluster.wire.toWorker(this, work);
            } else {
                subscription.consumer().handleShutdownSignal(tag, signal);
            }
        });
        shutdownListeners.forEach(listener -> listener.shutdownCompleted(signal));
        cluster.deliver();
    }

    /** What a quorum queue had on the way when its consumer was cancelled. */
    void deliverLate(String consumerTag, String queue) {
        Message message = cluster.queues.get(queue).poll();
        long tag = ++lastTag;
        unacked.put(tag, new Unacked(queue, message));
        dispatch(() -> defaultConsumer.handleDelivery(
                consumerTag,
                new Envelope(tag, false, "", queue),
                FakeCluster.properties(Map.of()),
                FakeCluster.body(message.number())));
    }

    int unconfirmedCount() {
        return unconfirmed.size();
    }

    int unackedCount() {
        return unacked.size();
    }

    boolean consumes(String queue) {
        return subscriptions.values().stream().anyMatch(one -> one.queue().equals(queue));
    }

    boolean hasConsumer(String tag) {
        return subscriptions.containsKey(tag);
    }

    Map<String, Object> argumentsOf(String tag) {
        return subscriptions.get(tag).args();
    }

    int prefetchOf(String tag) {
        return subscriptions.get(tag).prefetch();
    }

    int prefetch() {
        return prefetch;
    }

    boolean confirmMode() {
        return nextPublish > 0;
    }

    private void accept(String queue, byte[] body) {
        if (cluster.wire == null) {
            cluster.publish(queue);
        } else {
            cluster.publish(queue, FakeCluster.number(body));
        }
    }

    private void settle(long tag, boolean multiple, boolean requeue, boolean back) throws IOException {
        operation("settle");
        if (!(tag == 0 && multiple) && !unacked.containsKey(tag)) {
            closeByBroker(AMQP.PRECONDITION_FAILED, "PRECONDITION_FAILED - unknown delivery tag " + tag);
            return;
        }
        List<Long> settled = multiple
                ? new ArrayList<>(
                        tag == 0 ? unacked.keySet() : unacked.headMap(tag, true).keySet())
                : List.of(tag);
        for (long one : settled) {
            Unacked gone = unacked.remove(one);
            if (!back) {
                cluster.acknowledged.add(gone.message().number());
            }
            if (back && requeue) {
                cluster.giveBack(gone.queue(), List.of(gone.message()));
            }
        }
        push();
    }

    // Channel.

    @Override
    public void basicAck(long tag, boolean multiple) throws IOException {
        settle(tag, multiple, false, false);
    }

    @Override
    public void basicNack(long tag, boolean multiple, boolean requeue) throws IOException {
        settle(tag, multiple, requeue, true);
    }

    @Override
    public void basicReject(long tag, boolean requeue) throws IOException {
        settle(tag, false, requeue, true);
    }

    @Override
    public String basicConsume(
            String queue,
            boolean autoAck,
            String tag,
            boolean noLocal,
            boolean exclusive,
            Map<String, Object> arguments,
            Consumer callback)
            throws IOException {
        operation("consume");
        if (!cluster.queues.containsKey(queue) && !cluster.streams.containsKey(queue)) {
            closeByBroker(AMQP.NOT_FOUND, "NOT_FOUND - no queue '" + queue + "' in vhost '/'", "consume");
            throw new IOException(cause);
        }
        if (arguments != null && arguments.containsKey("x-stream-offset") && !cluster.streams.containsKey(queue)) {
            closeByBroker(AMQP.PRECONDITION_FAILED, "PRECONDITION_FAILED - invalid arg 'x-stream-offset'", "consume");
            throw new IOException(cause);
        }
        FakeConnection owner = cluster.exclusive.get(queue);
        if (owner != null && owner != connection) {
            closeByBroker(405, "RESOURCE_LOCKED - queue '" + queue + "' is exclusive", "consume");
            throw new IOException(cause);
        }
        String actual = tag.isEmpty() ? "amq.ctag-" + connection.broker.identity() + (lastTag + 1) : tag;
        subscriptions.put(
                actual,
                new Subscription(
                        queue, autoAck, prefetch, callback, arguments, new AtomicLong(firstOffset(queue, arguments))));
        cluster.consuming.remove(this);
        cluster.consuming.add(this);
        dispatch(() -> callback.handleConsumeOk(actual));
        push();
        return actual;
    }

    @Override
    public void basicCancel(String tag) throws IOException {
        operation("cancel");
        Subscription gone = subscriptions.remove(tag);
        if (gone == null) {
            throw new IOException("Unknown consumerTag");
        }
        cluster.consumerGone(gone.queue());
        dispatch(() -> gone.consumer().handleCancelOk(tag));
    }

    @Override
    public GetResponse basicGet(String queue, boolean autoAck) throws IOException {
        operation("get");
        Message message = cluster.queues.get(queue).poll();
        if (message == null) {
            return null;
        }
        long tag = ++lastTag;
        if (!autoAck) {
            unacked.put(tag, new Unacked(queue, message));
        }
        return new GetResponse(
                new Envelope(tag, message.redelivered(), "", queue),
                FakeCluster.properties(Map.of()),
                FakeCluster.body(message.number()),
                cluster.queues.get(queue).size());
    }

    @Override
    public void basicPublish(
            String exchange, String key, boolean mandatory, boolean immediate, AMQP.BasicProperties props, byte[] body)
            throws IOException {
        operation("publish");
        if (nextPublish > 0) {
            long tag = nextPublish++;
            unconfirmed.add(tag);
            boolean refused = cluster.refuses.test(this);
            if (!refused) {
                accept(key, body);
            }
            if (cluster.wire != null) {
                cluster.wire.toReader(connection, () -> {
                    if (cause == null && unconfirmed.contains(tag)) {
                        confirm(tag, false, !refused);
                    }
                });
            } else if (!cluster.holdConfirms) {
                confirm(tag, false, !refused);
            }
        } else if (tx) {
            open.add(() -> accept(key, body));
        } else {
            accept(key, body);
        }
    }

    @Override
    public AMQP.Confirm.SelectOk confirmSelect() throws IOException {
        operation("confirmSelect");
        nextPublish = nextPublish == 0 ? 1 : nextPublish;
        return new AMQImpl.Confirm.SelectOk();
    }

    @Override
    public long getNextPublishSeqNo() {
        return nextPublish;
    }

    @Override
    public void basicQos(int size, int count, boolean global) throws IOException {
        operation("qos");
        if (global) {
            shared.add(count);
        } else {
            prefetch = count;
        }
    }

    @Override
    public AMQP.Tx.SelectOk txSelect() throws IOException {
        operation("txSelect");
        tx = true;
        return new AMQImpl.Tx.SelectOk();
    }

    @Override
    public AMQP.Tx.CommitOk txCommit() throws IOException {
        operation("txCommit");
        open.forEach(Runnable::run);
        open.clear();
        return new AMQImpl.Tx.CommitOk();
    }

    @Override
    public AMQP.Tx.RollbackOk txRollback() throws IOException {
        operation("txRollback");
        open.clear();
        return new AMQImpl.Tx.RollbackOk();
    }

    @Override
    public AMQP.Queue.DeclareOk queueDeclare(
            String queue, boolean durable, boolean exclusive, boolean autoDelete, Map<String, Object> arguments)
            throws IOException {
        operation("queueDeclare");
        String name = queue.isEmpty() ? "amq.gen-" + cluster.queues.size() : queue;
        FakeConnection owner = cluster.exclusive.get(name);
        if (cluster.wire != null && owner != null && owner != connection) {
            closeByBroker(405, "RESOURCE_LOCKED - queue '" + name + "' is exclusive");
            throw new IOException(cause);
        }
        if (arguments != null && "stream".equals(arguments.get("x-queue-type"))) {
            cluster.stream(name);
        }
        cluster.queue(name);
        declared("queue " + queue);
        if (cluster.wire != null && exclusive) {
            cluster.exclusive.put(name, connection);
        }
        if (cluster.wire != null && autoDelete) {
            cluster.autoDelete.add(name);
        }
        return new AMQImpl.Queue.DeclareOk(name, 0, 0);
    }

    @Override
    public AMQP.Queue.DeclareOk queueDeclarePassive(String queue) throws IOException {
        operation("queueDeclarePassive");
        if (!cluster.queues.containsKey(queue)) {
            closeByBroker(AMQP.NOT_FOUND, "NOT_FOUND - no queue '" + queue + "' in vhost '/'");
            throw new IOException(cause);
        }
        return new AMQImpl.Queue.DeclareOk(queue, 0, 0);
    }

    @Override
    public AMQP.Queue.BindOk queueBind(String queue, String exchange, String key, Map<String, Object> arguments)
            throws IOException {
        operation("queueBind");
        declared("binding of queue " + queue + " to " + exchange);
        return new AMQImpl.Queue.BindOk();
    }

    @Override
    public AMQP.Exchange.DeclareOk exchangeDeclare(
            String exchange,
            String type,
            boolean durable,
            boolean autoDelete,
            boolean internal,
            Map<String, Object> args)
            throws IOException {
        operation("exchangeDeclare");
        declared("exchange " + exchange);
        return new AMQImpl.Exchange.DeclareOk();
    }

    @Override
    public AMQP.Basic.RecoverOk basicRecover(boolean requeue) throws IOException {
        operation("recover");
        unacked.values().forEach(one -> cluster.giveBack(one.queue(), List.of(one.message())));
        unacked.clear();
        push();
        return new AMQImpl.Basic.RecoverOk();
    }

    @Override
    public void close(int code, String message) throws IOException {
        operation("closeChannel");
        end(new ShutdownSignalException(
                false,
                true,
                new AMQP.Channel.Close.Builder()
                        .replyCode(code)
                        .replyText(message)
                        .build(),
                this));
    }

    @Override
    public void abort(int code, String message) {
        end(new ShutdownSignalException(
                false,
                true,
                new AMQP.Channel.Close.Builder()
                        .replyCode(code)
                        .replyText(message)
                        .build(),
                this));
    }

    @Override
    public int getChannelNumber() {
        return number;
    }

    @Override
    public Connection getConnection() {
        return connection;
    }

    @Override
    public void addReturnListener(ReturnListener listener) {
        returnListeners.add(listener);
    }

    @Override
    public boolean removeReturnListener(ReturnListener listener) {
        return returnListeners.remove(listener);
    }

    @Override
    public void clearReturnListeners() {
        returnListeners.clear();
    }

    @Override
    public void addConfirmListener(ConfirmListener listener) {
        confirmListeners.add(listener);
    }

    @Override
    public boolean removeConfirmListener(ConfirmListener listener) {
        return confirmListeners.remove(listener);
    }

    @Override
    public void clearConfirmListeners() {
        confirmListeners.clear();
    }

    @Override
    public Consumer getDefaultConsumer() {
        return defaultConsumer;
    }

    @Override
    public void setDefaultConsumer(Consumer consumer) {
        defaultConsumer = consumer;
    }

    @Override
    public void addShutdownListener(ShutdownListener listener) {
        shutdownListeners.add(listener);
    }

    @Override
    public void removeShutdownListener(ShutdownListener listener) {
        shutdownListeners.remove(listener);
    }

    @Override
    public ShutdownSignalException getCloseReason() {
        return cause;
    }

    @Override
    public void notifyListeners() {}

    @Override
    public boolean isOpen() {
        return cause == null;
    }

    // Not needed by any test.

    private static UnsupportedOperationException unused() {
        return new UnsupportedOperationException("not part of the fake");
    }

    @Override
    public void addRecoveryListener(RecoveryListener listener) {
        throw unused();
    }

    @Override
    public void removeRecoveryListener(RecoveryListener listener) {
        throw unused();
    }

    @Override
    public boolean waitForConfirms(long timeout) {
        throw unused();
    }

    @Override
    public void waitForConfirmsOrDie(long timeout) {
        throw unused();
    }

    @Override
    public void exchangeDeclareNoWait(
            String exchange,
            String type,
            boolean durable,
            boolean autoDelete,
            boolean internal,
            Map<String, Object> args) {
        throw unused();
    }

    @Override
    public AMQP.Exchange.DeclareOk exchangeDeclarePassive(String name) {
        throw unused();
    }

    @Override
    public AMQP.Exchange.DeleteOk exchangeDelete(String exchange, boolean ifUnused) throws IOException {
        operation("exchangeDelete");
        return new AMQImpl.Exchange.DeleteOk();
    }

    @Override
    public void exchangeDeleteNoWait(String exchange, boolean ifUnused) {
        throw unused();
    }

    @Override
    public AMQP.Exchange.BindOk exchangeBind(String to, String from, String key, Map<String, Object> arguments)
            throws IOException {
        operation("exchangeBind");
        declared("binding of exchange " + to + " to " + from);
        return new AMQImpl.Exchange.BindOk();
    }

    @Override
    public void exchangeBindNoWait(String to, String from, String key, Map<String, Object> arguments) {
        throw unused();
    }

    @Override
    public AMQP.Exchange.UnbindOk exchangeUnbind(String to, String from, String key, Map<String, Object> arguments)
            throws IOException {
        operation("exchangeUnbind");
        return new AMQImpl.Exchange.UnbindOk();
    }

    @Override
    public void exchangeUnbindNoWait(String to, String from, String key, Map<String, Object> arguments) {
        throw unused();
    }

    @Override
    public void queueDeclareNoWait(
            String queue, boolean durable, boolean exclusive, boolean autoDelete, Map<String, Object> arguments) {
        throw unused();
    }

    @Override
    public AMQP.Queue.DeleteOk queueDelete(String queue, boolean ifUnused, boolean ifEmpty) throws IOException {
        operation("queueDelete");
        cluster.queues.remove(queue);
        cluster.exclusive.remove(queue);
        cluster.autoDelete.remove(queue);
        return new AMQImpl.Queue.DeleteOk(0);
    }

    @Override
    public void queueDeleteNoWait(String queue, boolean ifUnused, boolean ifEmpty) {
        throw unused();
    }

    @Override
    public void queueBindNoWait(String queue, String exchange, String key, Map<String, Object> arguments) {
        throw unused();
    }

    @Override
    public AMQP.Queue.UnbindOk queueUnbind(String queue, String exchange, String key, Map<String, Object> arguments)
            throws IOException {
        operation("queueUnbind");
        return new AMQImpl.Queue.UnbindOk();
    }

    @Override
    public AMQP.Queue.PurgeOk queuePurge(String queue) {
        throw unused();
    }

    @Override
    public void asyncRpc(Method method) {
        throw unused();
    }

    @Override
    public Command rpc(Method method) {
        throw unused();
    }

    @Override
    public CompletableFuture<Command> asyncCompletableRpc(Method method) {
        throw unused();
    }
}
