package io.evenkeel.amqp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import com.rabbitmq.client.DefaultConsumer;
import org.junit.jupiter.api.Test;

/** What a broker forgets by itself is forgotten, by the rules that RabbitMQ's client has for its own records. */
class TopologyRecordTest {

    private static final int MANY = 500;

    private final ConnectionBed bed;
    private final VirtualChannel channel;

    TopologyRecordTest() throws Exception {
        bed = new ConnectionBed();
        channel = bed.channel();
    }

    private void declareExchange(String name, boolean autoDelete) throws Exception {
        channel.exchangeDeclare(name, "fanout", false, autoDelete, null);
    }

    private void isRecorded(int exchanges, int queues, int bindings) {
        TopologyRecord topology = bed.connection.topology();
        assertThat(topology.exchanges()).hasSize(exchanges);
        assertThat(topology.queues()).hasSize(queues);
        assertThat(topology.bindings()).hasSize(bindings);
    }

    @Test
    void auto_delete_queues_go_with_their_last_consumer() throws Exception {
        for (int i = 0; i < MANY; i++) {
            String queue = "q" + i;
            channel.queueDeclare(queue, false, false, true, null);
            channel.basicCancel(channel.basicConsume(queue, true, "", new DefaultConsumer(channel)));
        }
        isRecorded(0, 0, 0);
    }

    @Test
    void an_auto_delete_queue_stays_while_another_channel_consumes() throws Exception {
        channel.queueDeclare("q", false, false, true, null);
        VirtualChannel other = bed.channel();
        bed.consume(other, "q");
        channel.basicCancel(channel.basicConsume("q", true, "", new DefaultConsumer(channel)));
        isRecorded(0, 1, 0);
        other.close();
        isRecorded(0, 0, 0);
    }

    @Test
    void auto_delete_exchanges_go_when_their_queues_are_unbound() throws Exception {
        for (int i = 0; i < MANY; i++) {
            declareExchange("x" + i, true);
            channel.queueDeclare("q" + i, true, false, false, null);
            channel.queueBind("q" + i, "x" + i, "");
            channel.queueUnbind("q" + i, "x" + i, "");
            channel.queueDelete("q" + i);
        }
        isRecorded(0, 0, 0);
    }

    @Test
    void auto_delete_exchanges_go_when_their_queues_are_deleted() throws Exception {
        for (int i = 0; i < MANY; i++) {
            declareExchange("x" + i, true);
            channel.queueDeclare("q" + i, true, false, false, null);
            channel.queueBind("q" + i, "x" + i, "");
            channel.queueDelete("q" + i);
        }
        isRecorded(0, 0, 0);
    }

    @Test
    void auto_delete_exchanges_go_when_the_exchanges_bound_to_them_are_unbound() throws Exception {
        for (int i = 0; i < MANY; i++) {
            declareExchange("source" + i, true);
            declareExchange("destination" + i, false);
            channel.exchangeBind("destination" + i, "source" + i, "");
            channel.exchangeUnbind("destination" + i, "source" + i, "");
            channel.exchangeDelete("destination" + i);
        }
        isRecorded(0, 0, 0);
    }

    @Test
    void auto_delete_exchanges_go_when_the_exchanges_bound_to_them_are_deleted() throws Exception {
        for (int i = 0; i < MANY; i++) {
            declareExchange("source" + i, true);
            declareExchange("destination" + i, false);
            channel.exchangeBind("destination" + i, "source" + i, "");
            channel.exchangeDelete("destination" + i);
        }
        isRecorded(0, 0, 0);
    }

    @Test
    void a_chain_of_auto_delete_exchanges_goes_with_the_queue_at_its_end() throws Exception {
        declareExchange("first", true);
        declareExchange("second", true);
        channel.exchangeBind("second", "first", "");
        channel.queueDeclare("q", false, false, true, null);
        channel.queueBind("q", "second", "");
        channel.basicCancel(channel.basicConsume("q", true, "", new DefaultConsumer(channel)));
        isRecorded(0, 0, 0);
    }

    @Test
    void what_has_consumers_or_bindings_left_stays() throws Exception {
        declareExchange("x", true);
        for (String queue : new String[] {"one", "two"}) {
            channel.queueDeclare(queue, false, false, false, null);
            channel.queueBind(queue, "x", "");
        }
        channel.queueUnbind("one", "x", "");
        isRecorded(1, 2, 1);
    }

    @Test
    void an_auto_delete_queue_is_forgotten_when_the_cancel_returns_and_not_again_when_it_is_handled() throws Exception {
        channel.queueDeclare("q", false, false, true, null);
        String tag = channel.basicConsume("q", true, "", new DefaultConsumer(channel));
        bed.cluster.holdDispatch = true;
        channel.basicCancel(tag);
        isRecorded(0, 0, 0);
        channel.queueDeclare("q", false, false, true, null);
        bed.raw(ConnectionBed.A, 1).dispatchAll();
        isRecorded(0, 1, 0);
    }

    @Test
    void what_is_deleted_takes_its_own_bindings_along_and_no_others() throws Exception {
        for (String x : new String[] {"x", "y"}) {
            declareExchange(x, false);
            channel.queueDeclare("q-" + x, true, false, false, null);
            channel.queueBind("q-" + x, x, "");
        }
        // An exchange may have the name of a queue.
        declareExchange("q-x", false);
        channel.exchangeBind("q-x", "y", "");
        isRecorded(3, 2, 3);
        channel.exchangeDelete("q-x");
        assertThat(bed.connection.topology().bindings())
                .extracting(TopologyRecord.Binding::destination, TopologyRecord.Binding::toQueue)
                .containsExactly(tuple("q-x", true), tuple("q-y", true));
        channel.queueDelete("q-y");
        isRecorded(2, 1, 1);
        channel.exchangeDelete("x");
        isRecorded(1, 1, 0);
    }

    @Test
    void an_auto_delete_exchange_takes_only_the_bindings_that_lead_to_it_along() throws Exception {
        declareExchange("source", false);
        declareExchange("gone", true);
        channel.queueDeclare("q", true, false, false, null);
        channel.queueDeclare("gone", true, false, false, null);
        channel.exchangeBind("gone", "source", "");
        channel.queueBind("gone", "source", "");
        channel.queueBind("q", "gone", "");
        isRecorded(2, 2, 3);
        channel.queueUnbind("q", "gone", "");
        assertThat(bed.connection.topology().exchanges())
                .extracting(TopologyRecord.Exchange::name)
                .containsExactly("source");
        assertThat(bed.connection.topology().bindings())
                .extracting(TopologyRecord.Binding::destination, TopologyRecord.Binding::toQueue)
                .containsExactly(tuple("gone", true));
    }
}
