package io.evenkeel.benchmarks;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.agroal.api.AgroalDataSource;
import io.agroal.api.configuration.supplier.AgroalDataSourceConfigurationSupplier;
import io.evenkeel.jdbc.pool.PoolUnderTest;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * {@code getConnection} and {@code close} on a driver that costs nothing, 16 connections in all: a bare HikariCP pool,
 * Agroal, and Evenkeel over one and over four endpoints.
 *
 * <p>{@link #main} runs the pools one fork after another in turn, so that a machine that slows down slows all of them, and
 * prints the medians and the ratios to HikariCP. {@code --quick} takes about three minutes.
 *
 * <pre>{@code
 * mvn -q -pl benchmarks -am test-compile exec:exec -Dexec.executable=java \
 *     -Dexec.args="-cp %classpath io.evenkeel.benchmarks.AcquireBenchmark --quick"
 * }</pre>
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class AcquireBenchmark {
    static final int SIZE = 16;
    private static final List<String> POOLS = List.of("hikari", "agroal", "evenkeel-1", "evenkeel-4");
    private static final int[] THREADS = {1, 2, 8};

    /** What is measured. */
    @Param({"hikari", "agroal", "evenkeel-1", "evenkeel-4"})
    public String pool = "hikari";

    private interface Source {
        Connection get() throws SQLException;
    }

    private Source source = () -> {
        throw new SQLException("source (expected: set up)");
    };
    private AutoCloseable closeable = () -> {};

    @Setup(Level.Trial)
    public void open() throws Exception {
        switch (pool) {
            case "hikari" -> openHikari();
            case "agroal" -> openAgroal();
            default -> openEvenkeel(Integer.parseInt(pool.substring(pool.indexOf('-') + 1)));
        }
    }

    private static HikariConfig hikariConfig() {
        HikariConfig config = new HikariConfig();
        config.setPoolName("benchmark");
        config.setMaximumPoolSize(SIZE);
        config.setMinimumIdle(SIZE);
        config.setConnectionTimeout(5_000);
        config.setDataSource(new StubDriver());
        return config;
    }

    private void openHikari() throws InterruptedException {
        HikariDataSource made = new HikariDataSource(hikariConfig());
        for (int i = 0; i < 300 && made.getHikariPoolMXBean().getIdleConnections() < SIZE; i++) {
            Thread.sleep(30);
        }
        if (made.getHikariPoolMXBean().getIdleConnections() < SIZE) {
            throw new IllegalStateException("HikariCP has not filled its pool");
        }
        source = made::getConnection;
        closeable = made;
    }

    private void openAgroal() throws SQLException {
        AgroalDataSource made = AgroalDataSource.from(new AgroalDataSourceConfigurationSupplier()
                .connectionPoolConfiguration(pool -> pool.initialSize(SIZE)
                        .minSize(SIZE)
                        .maxSize(SIZE)
                        .acquisitionTimeout(Duration.ofSeconds(5))
                        .connectionFactoryConfiguration(factory -> factory.connectionProviderClass(StubDriver.class)
                                .jdbcUrl("jdbc:stub:"))));
        source = made::getConnection;
        closeable = made;
    }

    private void openEvenkeel(int endpoints) throws InterruptedException {
        PoolUnderTest made =
                new PoolUnderTest(hikariConfig(), endpoints, new StubDriver(), pool.startsWith("podpools"));
        source = made::getConnection;
        closeable = made;
    }

    @TearDown(Level.Trial)
    public void close() throws Exception {
        closeable.close();
    }

    @Benchmark
    public Connection acquireAndClose() throws SQLException {
        Connection connection = source.get();
        connection.close();
        return connection;
    }

    /** Prints the table; {@code --quick} for fewer and shorter forks. */
    public static void main(String[] arguments) throws RunnerException {
        boolean quick = List.of(arguments).contains("--quick");
        Map<String, List<Double>> scores = new LinkedHashMap<>();
        for (int round = 0; round < (quick ? 2 : 5); round++) {
            for (int threads : THREADS) {
                for (String pool : POOLS) {
                    double score = run(pool, threads, quick);
                    scores.computeIfAbsent(threads + " " + pool, key -> new ArrayList<>())
                            .add(score);
                }
            }
        }
        print(scores);
    }

    private static double run(String pool, int threads, boolean quick) throws RunnerException {
        Options options = new OptionsBuilder()
                .include(AcquireBenchmark.class.getName() + ".acquireAndClose")
                .param("pool", pool)
                .threads(threads)
                .forks(1)
                .warmupIterations(quick ? 3 : 5)
                .warmupTime(TimeValue.seconds(1))
                .measurementIterations(quick ? 3 : 5)
                .measurementTime(TimeValue.seconds(1))
                .timeout(TimeValue.seconds(30))
                .shouldFailOnError(true)
                .verbosity(VerboseMode.SILENT)
                .build();
        RunResult result = new Runner(options).runSingle();
        return result.getPrimaryResult().getScore();
    }

    private static void print(Map<String, List<Double>> scores) {
        System.out.printf(
                "%-8s%-14s%10s%10s%10s%12s%n", "threads", "pool", "median", "lowest", "highest", "to HikariCP");
        for (int threads : THREADS) {
            double hikari = median(scores, threads + " hikari");
            for (String pool : POOLS) {
                List<Double> all = scores.getOrDefault(threads + " " + pool, List.of());
                double median = median(scores, threads + " " + pool);
                System.out.printf(
                        "%-8d%-14s%10.1f%10.1f%10.1f%12.2f%n",
                        threads,
                        pool,
                        median,
                        all.stream().mapToDouble(d -> d).min().orElse(Double.NaN),
                        all.stream().mapToDouble(d -> d).max().orElse(Double.NaN),
                        median / hikari);
            }
        }
        System.out.println("operations per microsecond: one is getConnection and close");
    }

    private static double median(Map<String, List<Double>> scores, String of) {
        List<Double> sorted = new ArrayList<>(scores.getOrDefault(of, List.of()));
        sorted.sort(null);
        int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }
}
