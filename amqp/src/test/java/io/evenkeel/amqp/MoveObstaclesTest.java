package io.evenkeel.amqp;

import static io.evenkeel.amqp.ConnectionBed.B;
import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.DefaultConsumer;
import io.evenkeel.spi.EndpointConnections.MoveOutcome;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MoveObstaclesTest {

    private final ConnectionBed bed;
    private final VirtualChannel channel;

    MoveObstaclesTest() throws Exception {
        bed = new ConnectionBed();
        channel = bed.channel();
    }

    private String obstacle(boolean forced) {
        return MoveObstacles.of(bed.connection.topology(), bed.connection.channels(), forced);
    }

    private void consume(String queue, Map<String, Object> arguments) throws Exception {
        channel.basicConsume(queue, false, "tag", false, false, arguments, new DefaultConsumer(channel));
    }

    @Test
    void an_exclusive_queue_is_one_also_where_the_broker_leaves() throws Exception {
        assertThat(obstacle(false)).isNull();
        channel.queueDeclare("x", false, true, false, null);
        assertThat(obstacle(false)).contains("queue x is exclusive");
        assertThat(obstacle(true)).contains("queue x is exclusive");
    }

    @Test
    void a_consumer_of_an_auto_delete_queue_is_one_also_where_the_broker_leaves() throws Exception {
        channel.queueDeclare("auto", false, false, true, null);
        assertThat(obstacle(false)).as("not consumed").isNull();
        consume("auto", Map.of());
        assertThat(obstacle(false)).contains("queue auto is deleted with its last consumer");
        assertThat(obstacle(true)).contains("queue auto is deleted with its last consumer");
    }

    @Test
    void a_stream_is_one_until_something_was_read_of_it() throws Exception {
        channel.queueDeclare("s", true, false, false, Map.of("x-queue-type", "stream"));
        consume("s", Map.of());
        assertThat(obstacle(false)).contains("nothing was read yet of stream s");
        assertThat(obstacle(true)).as("the broker leaves").isNull();
        bed.cluster.publish("s");
        assertThat(obstacle(false)).isNull();
    }

    @Test
    void where_a_stream_is_read_from_decides() throws Exception {
        TopologyRecord topology = bed.connection.topology();
        channel.queueDeclare("s", true, false, false, Map.of("x-queue-type", "stream"));
        assertThat(MoveObstacles.of(topology, "s", Map.of("x-stream-offset", "first")))
                .isNull();
        assertThat(MoveObstacles.of(topology, "s", Map.of("x-stream-offset", "last")))
                .isNotNull();
        assertThat(MoveObstacles.of(topology, "unknown", Map.of("x-stream-offset", "next")))
                .isNotNull();
        assertThat(MoveObstacles.of(topology, "unknown", Map.of())).isNull();
        assertThat(MoveObstacles.of(topology, "unknown", null)).isNull();
    }

    @Test
    void an_obstacle_keeps_the_move_from_beginning() throws Exception {
        channel.queueDeclare("x", false, true, false, null);
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Postponed.class);
        assertThat(bed.cluster.log).doesNotContain("b dial");
    }
}
