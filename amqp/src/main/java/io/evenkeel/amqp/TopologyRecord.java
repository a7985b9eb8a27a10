package io.evenkeel.amqp;

import com.rabbitmq.client.Channel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What one connection has declared and not deleted, in the order of its declaration: to declare it again after the
 * connection was lost, and to know which queues a move has to treat with care.
 *
 * <p>Invariant: what the broker forgets by itself is forgotten here: an auto-delete queue with its last consumer, an
 * auto-delete exchange with the last binding from it, a binding with either of its ends; as far as one connection can
 * know, as with the client's own records. Thread-safe.
 */
final class TopologyRecord {

    /** One thing that was declared. */
    sealed interface Entity {
        /** Declares it again. */
        void declare(Channel channel) throws IOException;
    }

    record Exchange(
            String name,
            String type,
            boolean durable,
            boolean autoDelete,
            boolean internal,
            @Nullable Map<String, Object> arguments)
            implements Entity {
        @Override
        public void declare(Channel channel) throws IOException {
            channel.exchangeDeclare(name, type, durable, autoDelete, internal, arguments);
        }
    }

    /** @param serverNamed whether the broker chose the name: it will choose another */
    record Queue(
            String name,
            boolean durable,
            boolean exclusive,
            boolean autoDelete,
            @Nullable Map<String, Object> arguments,
            boolean serverNamed)
            implements Entity {
        @Override
        public void declare(Channel channel) throws IOException {
            declared(channel);
        }

        String declared(Channel channel) throws IOException {
            return channel.queueDeclare(serverNamed ? "" : name, durable, exclusive, autoDelete, arguments)
                    .getQueue();
        }

        Queue renamed(String newName) {
            return new Queue(newName, durable, exclusive, autoDelete, arguments, serverNamed);
        }

        /** Whether it was declared as one of this type, such as {@code quorum}. */
        boolean isOfType(String type) {
            return type.equals(String.valueOf(argument("x-queue-type")));
        }

        @Nullable
        Object argument(String key) {
            return arguments == null ? null : arguments.get(key);
        }
    }

    /** @param toQueue whether the destination is a queue */
    record Binding(
            String destination,
            String source,
            String routingKey,
            @Nullable Map<String, Object> arguments,
            boolean toQueue)
            implements Entity {
        @Override
        public void declare(Channel channel) throws IOException {
            if (toQueue) {
                channel.queueBind(destination, source, routingKey, arguments);
            } else {
                channel.exchangeBind(destination, source, routingKey, arguments);
            }
        }

        Binding to(String newDestination) {
            return new Binding(newDestination, source, routingKey, arguments, toQueue);
        }
    }

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, Exchange> exchanges = new LinkedHashMap<>();
    private final Map<String, Queue> queues = new LinkedHashMap<>();
    private final Set<Binding> bindings = new LinkedHashSet<>();

    void add(Exchange exchange) {
        locked(() -> exchanges.put(exchange.name(), exchange));
    }

    void add(Queue queue) {
        locked(() -> queues.put(queue.name(), queue));
    }

    void add(Binding binding) {
        locked(() -> bindings.add(binding));
    }

    void remove(Binding binding) {
        locked(() -> {
            if (bindings.remove(binding)) {
                bindingGone(binding);
            }
        });
    }

    void removeExchange(String name) {
        locked(() -> {
            exchanges.remove(name);
            removeBindings(binding -> binding.source().equals(name)
                    || (!binding.toQueue() && binding.destination().equals(name)));
        });
    }

    void removeQueue(String name) {
        locked(() -> forgetQueue(name));
    }

    /** The connection has no consumer of this queue any more: an auto-delete one is gone with it. */
    void lastConsumerGone(String name) {
        locked(() -> {
            Queue queue = queues.get(name);
            if (queue != null && queue.autoDelete()) {
                forgetQueue(name);
            }
        });
    }

    private void forgetQueue(String name) {
        queues.remove(name);
        removeBindings(binding -> binding.toQueue() && binding.destination().equals(name));
    }

    private void removeBindings(Predicate<Binding> which) {
        List<Binding> gone = bindings.stream().filter(which).toList();
        gone.forEach(bindings::remove);
        gone.forEach(this::bindingGone);
    }

    /** An auto-delete exchange is gone with the last binding from it. */
    private void bindingGone(Binding gone) {
        Exchange source = exchanges.get(gone.source());
        boolean bound = bindings.stream().anyMatch(binding -> binding.source().equals(gone.source()));
        if (source != null && source.autoDelete() && !bound) {
            exchanges.remove(gone.source());
            removeBindings(
                    binding -> !binding.toQueue() && binding.destination().equals(gone.source()));
        }
    }

    void renameQueue(String name, String newName) {
        locked(() -> {
            Queue queue = queues.remove(name);
            if (queue != null) {
                queues.put(newName, queue.renamed(newName));
            }
            for (Binding binding : List.copyOf(bindings)) {
                if (binding.toQueue() && binding.destination().equals(name)) {
                    bindings.remove(binding);
                    bindings.add(binding.to(newName));
                }
            }
        });
    }

    List<Exchange> exchanges() {
        return copy(exchanges.values());
    }

    List<Queue> queues() {
        return copy(queues.values());
    }

    List<Binding> bindings() {
        return copy(bindings);
    }

    @Nullable
    Queue queue(String name) {
        lock.lock();
        try {
            return queues.get(name);
        } finally {
            lock.unlock();
        }
    }

    private <E> List<E> copy(Iterable<E> entities) {
        lock.lock();
        try {
            List<E> copy = new ArrayList<>();
            entities.forEach(copy::add);
            return copy;
        } finally {
            lock.unlock();
        }
    }

    private void locked(Runnable change) {
        lock.lock();
        try {
            change.run();
        } finally {
            lock.unlock();
        }
    }
}
