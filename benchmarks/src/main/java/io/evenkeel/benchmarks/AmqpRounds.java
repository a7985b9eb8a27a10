package io.evenkeel.benchmarks;

import static io.evenkeel.benchmarks.Quantiles.quantile;

import io.evenkeel.demo.amqp.broker.BrokerCluster;
import io.evenkeel.demo.amqp.broker.HostRabbitCluster;
import io.evenkeel.demo.amqp.broker.QpidCluster;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What moves cost an AMQP connection that they can't, or could not wholly, move; by turns with one that has none of it,
 * and in turns which goes first, so that each round's ratio compares what ran next to each other.
 *
 * <ul>
 *   <li>Busy: a consumer of which one message is always in work, so that each move that its age asks for is taken back.
 *       The work is waiting, not computing. A round has the dearest attempt, the first, and those that follow it.
 *   <li>Lame duck: 1,500 channels that were moved, with one message of the old broker never settled, so that the old
 *       connection is kept; one channel consumes as fast as it can.
 * </ul>
 *
 * <p>The brokers are two of the RabbitMQ that is installed on the host, or, without one, Qpid Broker-J in this JVM.
 *
 * <pre>{@code
 * mvn -q -pl benchmarks -am test-compile exec:exec -Dexec.executable=java \
 *     -Dexec.args="-cp %classpath io.evenkeel.benchmarks.AmqpRounds"
 * }</pre>
 */
public final class AmqpRounds {

    private static final int ROUNDS = 7;
    private static final int BUSY_SECONDS = 60;
    private static final double BUSY_LEAST = 0.97;
    private static final double LAME_DUCK_LEAST = 0.95;

    private AmqpRounds() {}

    /** The first argument is the number of rounds, {@value #ROUNDS} without; the second the seconds of a busy one. */
    public static void main(String[] arguments) throws Exception {
        int rounds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : ROUNDS;
        int seconds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : BUSY_SECONDS;
        try (BrokerCluster cluster = cluster()) {
            System.out.printf(
                    "%-30s%12s%12s%8s%9s%9s%9s%9s%10s%n",
                    "messages/s", "without", "with", "ratio", "lowest", "lower q", "upper q", "highest", "expected");
            compare("1,500 channels, lame duck", rounds, LAME_DUCK_LEAST, AmqpLameDuck.open(cluster));
            compare("busy, moves pending", rounds, BUSY_LEAST, new AmqpBusyConsumer(cluster, seconds));
        }
        System.exit(0);
    }

    private static BrokerCluster cluster() throws IOException {
        if (HostRabbitCluster.isInstalled()) {
            System.out.println("two brokers of the RabbitMQ that is installed here");
            return HostRabbitCluster.start(2, 2);
        }
        System.out.println("no RabbitMQ is installed here: two ports of a Qpid Broker-J in this JVM");
        return QpidCluster.start(2);
    }

    /** The same work in two states. */
    interface Pair extends AutoCloseable {

        /** @return messages per second */
        double round(boolean with) throws Exception;

        @Override
        void close() throws IOException;

        /** What proves that the state was as it is called. */
        String state();
    }

    private static void compare(String name, int rounds, double least, Pair pair) throws Exception {
        List<Double> without = new ArrayList<>();
        List<Double> with = new ArrayList<>();
        try (pair) {
            for (int round = 0; round < rounds; round++) {
                boolean withFirst = round % 2 == 1;
                double first = pair.round(withFirst);
                double second = pair.round(!withFirst);
                without.add(withFirst ? second : first);
                with.add(withFirst ? first : second);
            }
            double[] ratios = new double[rounds];
            Arrays.setAll(ratios, round -> with.get(round) / without.get(round));
            System.out.printf(
                    "%-30s%12.0f%12.0f%8.3f%9.3f%9.3f%9.3f%9.3f%10s%n",
                    name,
                    quantile(doubles(without), 0.5),
                    quantile(doubles(with), 0.5),
                    quantile(ratios, 0.5),
                    quantile(ratios, 0),
                    quantile(ratios, 0.25),
                    quantile(ratios, 0.75),
                    quantile(ratios, 1),
                    ">= " + least);
            System.out.println("    medians of " + rounds + " rounds; " + pair.state());
        }
    }

    private static double[] doubles(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).toArray();
    }
}
