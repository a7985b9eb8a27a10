package app;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import io.evenkeel.amqp.EvenkeelConnectionFactory;
import java.util.ArrayList;
import java.util.List;

public final class App {
    public static void main(String[] arguments) throws Exception {
        EvenkeelConnectionFactory factory = new EvenkeelConnectionFactory();
        factory.setTarget(System.getProperty("amqp.target"));
        factory.setUsername(System.getProperty("amqp.user"));
        factory.setPassword(System.getProperty("amqp.password"));
        List<Channel> channels = new ArrayList<>();
        List<Connection> connections = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            Connection connection = factory.newConnection();
            connections.add(connection);
            channels.add(connection.createChannel());
        }
        Cell.run(() -> factory.status().pool(), () -> {
            for (Channel channel : channels) {
                channel.basicPublish("", "nowhere", null, new byte[1]);
            }
        });
        for (Connection connection : connections) {
            connection.close();
        }
        System.out.println("CLOSED");
        // the client's own threads end by themselves
    }
}
