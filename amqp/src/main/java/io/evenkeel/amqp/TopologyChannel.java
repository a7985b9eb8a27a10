package io.evenkeel.amqp;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Command;
import com.rabbitmq.client.Method;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * What an application declares, binds and deletes on a channel: sent where the channel is, and written down once the
 * broker has it, for the recovery of a connection that is lost. Forms that are not answered are written down when they
 * are sent.
 */
abstract class TopologyChannel extends ChannelOverloads {

    /** Something that is sent on a raw channel, and maybe answered. */
    @FunctionalInterface
    interface Operation<T> {
        T on(Channel channel) throws IOException;
    }

    /** Something that is sent and not answered. */
    @FunctionalInterface
    private interface NoWait {
        void on(Channel channel) throws IOException;
    }

    /** A declaration, and its record. */
    @FunctionalInterface
    interface Declaration<T> {
        T run() throws IOException;
    }

    /** What the connection's moves pass. */
    abstract MoveInterlock interlock();

    /** Whether both sides go back in one step, so that the sending one is not back before the move has ended. */
    abstract boolean isTransactional();

    /** An exclusive queue belongs to one raw connection: it is not declared within a move. */
    <T> T declaring(String queue, boolean exclusive, Declaration<T> declaration) throws IOException {
        if (!exclusive) {
            return declaration.run();
        }
        interlock().enter("queue " + queue + " is exclusive to the connection", !isTransactional());
        try {
            return declaration.run();
        } finally {
            interlock().exit();
        }
    }

    /** Sends it on the raw channel that the application's requests go to at this moment. */
    abstract <T> T send(Operation<T> operation) throws IOException;

    abstract TopologyRecord topology();

    private void sendNoWait(NoWait operation) throws IOException {
        send(channel -> {
            operation.on(channel);
            return true;
        });
    }

    @Override
    public AMQP.Exchange.DeclareOk exchangeDeclare(
            String exchange,
            String type,
            boolean durable,
            boolean autoDelete,
            boolean internal,
            @Nullable Map<String, Object> arguments)
            throws IOException {
        AMQP.Exchange.DeclareOk ok =
                send(channel -> channel.exchangeDeclare(exchange, type, durable, autoDelete, internal, arguments));
        topology().add(new TopologyRecord.Exchange(exchange, type, durable, autoDelete, internal, arguments));
        return ok;
    }

    @Override
    public void exchangeDeclareNoWait(
            String exchange,
            String type,
            boolean durable,
            boolean autoDelete,
            boolean internal,
            @Nullable Map<String, Object> arguments)
            throws IOException {
        sendNoWait(channel -> channel.exchangeDeclareNoWait(exchange, type, durable, autoDelete, internal, arguments));
        topology().add(new TopologyRecord.Exchange(exchange, type, durable, autoDelete, internal, arguments));
    }

    @Override
    public AMQP.Exchange.DeclareOk exchangeDeclarePassive(String exchange) throws IOException {
        return send(channel -> channel.exchangeDeclarePassive(exchange));
    }

    @Override
    public AMQP.Exchange.DeleteOk exchangeDelete(String exchange, boolean ifUnused) throws IOException {
        AMQP.Exchange.DeleteOk ok = send(channel -> channel.exchangeDelete(exchange, ifUnused));
        topology().removeExchange(exchange);
        return ok;
    }

    @Override
    public void exchangeDeleteNoWait(String exchange, boolean ifUnused) throws IOException {
        sendNoWait(channel -> channel.exchangeDeleteNoWait(exchange, ifUnused));
        topology().removeExchange(exchange);
    }

    private static TopologyRecord.Binding ofExchange(
            String destination, String source, String routingKey, @Nullable Map<String, Object> arguments) {
        return new TopologyRecord.Binding(destination, source, routingKey, arguments, false);
    }

    @Override
    public AMQP.Exchange.BindOk exchangeBind(
            String destination, String source, String routingKey, @Nullable Map<String, Object> arguments)
            throws IOException {
        AMQP.Exchange.BindOk ok = send(channel -> channel.exchangeBind(destination, source, routingKey, arguments));
        topology().add(ofExchange(destination, source, routingKey, arguments));
        return ok;
    }

    @Override
    public void exchangeBindNoWait(
            String destination, String source, String routingKey, @Nullable Map<String, Object> arguments)
            throws IOException {
        sendNoWait(channel -> channel.exchangeBindNoWait(destination, source, routingKey, arguments));
        topology().add(ofExchange(destination, source, routingKey, arguments));
    }

    @Override
    public AMQP.Exchange.UnbindOk exchangeUnbind(
            String destination, String source, String routingKey, @Nullable Map<String, Object> arguments)
            throws IOException {
        AMQP.Exchange.UnbindOk ok = send(channel -> channel.exchangeUnbind(destination, source, routingKey, arguments));
        topology().remove(ofExchange(destination, source, routingKey, arguments));
        return ok;
    }

    @Override
    public void exchangeUnbindNoWait(
            String destination, String source, String routingKey, @Nullable Map<String, Object> arguments)
            throws IOException {
        sendNoWait(channel -> channel.exchangeUnbindNoWait(destination, source, routingKey, arguments));
        topology().remove(ofExchange(destination, source, routingKey, arguments));
    }

    @Override
    public AMQP.Queue.DeclareOk queueDeclare(
            String queue,
            boolean durable,
            boolean exclusive,
            boolean autoDelete,
            @Nullable Map<String, Object> arguments)
            throws IOException {
        return declaring(queue, exclusive, () -> {
            AMQP.Queue.DeclareOk ok =
                    send(channel -> channel.queueDeclare(queue, durable, exclusive, autoDelete, arguments));
            topology()
                    .add(new TopologyRecord.Queue(
                            ok.getQueue(), durable, exclusive, autoDelete, arguments, queue.isEmpty()));
            return ok;
        });
    }

    @Override
    public void queueDeclareNoWait(
            String queue,
            boolean durable,
            boolean exclusive,
            boolean autoDelete,
            @Nullable Map<String, Object> arguments)
            throws IOException {
        declaring(queue, exclusive, () -> {
            sendNoWait(channel -> channel.queueDeclareNoWait(queue, durable, exclusive, autoDelete, arguments));
            topology().add(new TopologyRecord.Queue(queue, durable, exclusive, autoDelete, arguments, false));
            return true;
        });
    }

    @Override
    public AMQP.Queue.DeclareOk queueDeclarePassive(String queue) throws IOException {
        return send(channel -> channel.queueDeclarePassive(queue));
    }

    @Override
    public AMQP.Queue.DeleteOk queueDelete(String queue, boolean ifUnused, boolean ifEmpty) throws IOException {
        AMQP.Queue.DeleteOk ok = send(channel -> channel.queueDelete(queue, ifUnused, ifEmpty));
        topology().removeQueue(queue);
        return ok;
    }

    @Override
    public void queueDeleteNoWait(String queue, boolean ifUnused, boolean ifEmpty) throws IOException {
        sendNoWait(channel -> channel.queueDeleteNoWait(queue, ifUnused, ifEmpty));
        topology().removeQueue(queue);
    }

    private static TopologyRecord.Binding ofQueue(
            String queue, String exchange, String routingKey, @Nullable Map<String, Object> arguments) {
        return new TopologyRecord.Binding(queue, exchange, routingKey, arguments, true);
    }

    @Override
    public AMQP.Queue.BindOk queueBind(
            String queue, String exchange, String routingKey, @Nullable Map<String, Object> arguments)
            throws IOException {
        AMQP.Queue.BindOk ok = send(channel -> channel.queueBind(queue, exchange, routingKey, arguments));
        topology().add(ofQueue(queue, exchange, routingKey, arguments));
        return ok;
    }

    @Override
    public void queueBindNoWait(
            String queue, String exchange, String routingKey, @Nullable Map<String, Object> arguments)
            throws IOException {
        sendNoWait(channel -> channel.queueBindNoWait(queue, exchange, routingKey, arguments));
        topology().add(ofQueue(queue, exchange, routingKey, arguments));
    }

    @Override
    public AMQP.Queue.UnbindOk queueUnbind(
            String queue, String exchange, String routingKey, @Nullable Map<String, Object> arguments)
            throws IOException {
        AMQP.Queue.UnbindOk ok = send(channel -> channel.queueUnbind(queue, exchange, routingKey, arguments));
        topology().remove(ofQueue(queue, exchange, routingKey, arguments));
        return ok;
    }

    @Override
    public AMQP.Queue.PurgeOk queuePurge(String queue) throws IOException {
        return send(channel -> channel.queuePurge(queue));
    }

    // Methods of the protocol that the application makes itself, which may declare something as well.

    @Override
    public void asyncRpc(Method method) throws IOException {
        declaring(Declarations.queueOf(method), Declarations.isExclusive(method), () -> {
            send(channel -> {
                channel.asyncRpc(method);
                return true;
            });
            Declarations.record(topology(), method, null);
            return true;
        });
    }

    @Override
    public Command rpc(Method method) throws IOException {
        return declaring(Declarations.queueOf(method), Declarations.isExclusive(method), () -> {
            Command answer = send(channel -> channel.rpc(method));
            Declarations.record(topology(), method, answer.getMethod());
            return answer;
        });
    }

    @Override
    public CompletableFuture<Command> asyncCompletableRpc(Method method) throws IOException {
        boolean exclusive = Declarations.isExclusive(method);
        if (exclusive) {
            interlock()
                    .enter(
                            "queue " + Declarations.queueOf(method) + " is exclusive to the connection",
                            !isTransactional());
        }
        try {
            return send(channel -> channel.asyncCompletableRpc(method)).whenComplete((answer, failure) -> {
                if (answer != null) {
                    Declarations.record(topology(), method, answer.getMethod());
                }
                if (exclusive) {
                    interlock().exit();
                }
            });
        } catch (IOException | RuntimeException e) {
            if (exclusive) {
                interlock().exit();
            }
            throw e;
        }
    }
}
