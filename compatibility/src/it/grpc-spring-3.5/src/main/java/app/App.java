package app;

import io.evenkeel.grpc.EvenkeelGrpc;
import io.evenkeel.spring.PoolDirectory;
import io.evenkeel.status.PoolStatus;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.stub.ClientCalls;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.file.Files;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import net.devh.boot.grpc.client.channelfactory.GrpcChannelConfigurer;
import net.devh.boot.grpc.client.channelfactory.GrpcChannelFactory;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;

/** Two channels of grpc-spring over the same Pods, by Evenkeel's policy and by grpc-spring's default. */
@SpringBootApplication
public class App {
    /** What the starter for Spring Boot 4 does for Boot's own channels. */
    @Bean
    GrpcChannelConfigurer shown(PoolDirectory directory) {
        return (builder, channel) ->
                EvenkeelGrpc.configure(builder, settings -> settings.name(channel).metrics(directory));
    }

    public static void main(String[] arguments) throws Exception {
        try (Pods pods = new Pods(Files.createTempDirectory("pods"))) {
            System.setProperty("orders.target", pods.target());
            PoolDirectory directory;
            try (ConfigurableApplicationContext context = SpringApplication.run(App.class, arguments)) {
                directory = context.getBean(PoolDirectory.class);
                GrpcChannelFactory channels = context.getBean(GrpcChannelFactory.class);
                Channel orders = channels.createChannel("orders");
                who(orders);
                Cell.run(() -> pool(directory), () -> who(orders), pods::add);
                answers("orders", orders);
                answers("plain", channels.createChannel("plain"));
                check("evenkeel.pods", context.getBean(MeterRegistry.class)
                        .get("evenkeel.pods").tags("pool", "orders", "state", "serving").gauge().value() == 3);
            }
            await("no pool left", () -> directory.pools().isEmpty());
        }
        System.out.println("CLOSED");
    }

    private static PoolStatus pool(PoolDirectory directory) {
        PoolStatus pool = directory.pools().get(0);
        check("the pool's name", pool.pool().equals("orders"));
        return pool;
    }

    private static String who(Channel channel) {
        return ClientCalls.blockingUnaryCall(
                channel, Pods.WHO, CallOptions.DEFAULT.withDeadlineAfter(20, TimeUnit.SECONDS), "?");
    }

    /** The Pod that was added answers calls of this channel too. */
    private static void answers(String name, Channel channel) throws InterruptedException {
        Set<String> answered = new HashSet<>();
        await("all Pods answer " + name, () -> answered.add(who(channel)) && answered.size() == 3);
    }

    private static void await(String what, BooleanSupplier holds) throws InterruptedException {
        long end = System.nanoTime() + 20_000_000_000L;
        while (!holds.getAsBoolean()) {
            check(what, System.nanoTime() - end < 0);
            Thread.sleep(5);
        }
    }

    private static void check(String what, boolean holds) {
        if (!holds) {
            throw new IllegalStateException(what + " (expected: to hold)");
        }
    }
}
