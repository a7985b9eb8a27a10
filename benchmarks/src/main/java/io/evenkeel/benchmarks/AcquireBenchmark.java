package io.evenkeel.benchmarks;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.agroal.api.AgroalDataSource;
import io.agroal.api.configuration.supplier.AgroalDataSourceConfigurationSupplier;
import io.evenkeel.jdbc.pool.PoolUnderTest;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.ToDoubleFunction;
import javax.sql.DataSource;
import org.apache.commons.dbcp2.BasicDataSource;
import org.apache.tomcat.jdbc.pool.PoolProperties;
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
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;
import software.amazon.jdbc.ds.AwsWrapperDataSource;

/**
 * {@code getConnection} and {@code close}, alone and around a whole statement, on a driver that costs nothing:
 * HikariCP, Agroal, Tomcat JDBC, DBCP 2, HikariCP over the AWS Advanced JDBC Wrapper, and Evenkeel over 1, 4 and 32
 * endpoints, both by its engine and by a HikariCP pool per Pod. 16 connections in all, 32 where there are 32 endpoints;
 * 4 for 8 threads in the constrained case, where each connection is held for 50 µs.
 *
 * <p>{@link #main} runs the pools one fork after another in turn, so that a machine that slows down slows all of them,
 * and prints the medians, the ratios to HikariCP and the bytes allocated per operation. {@code --quick} takes shorter
 * forks and fewer; {@code --only=acquire-1,statement-2} some of the cases.
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
    private static final int SIZE = 16;
    private static final int CONSTRAINED_SIZE = 4;
    private static final long HELD_NANOS = 50_000;
    private static final String BYTES = "gc.alloc.rate.norm";
    private static final List<String> POOLS = List.of(
            "hikari", "agroal", "tomcat", "dbcp2", "aws", "evenkeel-1", "evenkeel-4", "evenkeel-32", "podpools-4");

    /** What is measured. */
    @Param({"hikari"})
    public String pool = "hikari";

    /** Connections in all. */
    @Param({"16"})
    public int size = SIZE;

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
            case "hikari" -> openHikari(new StubDriver());
            case "aws" -> openHikari(awsWrapper());
            case "agroal" -> openAgroal();
            case "tomcat" -> openTomcat();
            case "dbcp2" -> openDbcp2();
            default -> openEvenkeel(Integer.parseInt(pool.substring(pool.indexOf('-') + 1)));
        }
    }

    private HikariConfig hikariConfig(DataSource driver) {
        HikariConfig config = new HikariConfig();
        config.setPoolName("benchmark");
        config.setMaximumPoolSize(size);
        config.setMinimumIdle(size);
        config.setConnectionTimeout(5_000);
        config.setDataSource(driver);
        return config;
    }

    private void openHikari(DataSource driver) throws InterruptedException {
        HikariDataSource made = new HikariDataSource(hikariConfig(driver));
        for (int i = 0; i < 300 && made.getHikariPoolMXBean().getIdleConnections() < size; i++) {
            Thread.sleep(30);
        }
        if (made.getHikariPoolMXBean().getIdleConnections() < size) {
            throw new IllegalStateException("HikariCP has not filled its pool");
        }
        source = made::getConnection;
        closeable = made;
    }

    /** Without a plugin: what is left is its own layer. */
    private static DataSource awsWrapper() {
        AwsWrapperDataSource made = new AwsWrapperDataSource();
        made.setJdbcProtocol("jdbc:stub:");
        made.setServerName("stub");
        made.setTargetDataSourceClassName(StubDriver.class.getName());
        Properties properties = new Properties();
        properties.setProperty("wrapperPlugins", "");
        properties.setProperty("wrapperDialect", "unknown");
        made.setTargetDataSourceProperties(properties);
        return made;
    }

    private void openAgroal() throws SQLException {
        AgroalDataSource made = AgroalDataSource.from(new AgroalDataSourceConfigurationSupplier()
                .connectionPoolConfiguration(pool -> pool.initialSize(size)
                        .minSize(size)
                        .maxSize(size)
                        .acquisitionTimeout(Duration.ofSeconds(5))
                        .connectionFactoryConfiguration(factory -> factory.connectionProviderClass(StubDriver.class)
                                .jdbcUrl("jdbc:stub:"))));
        source = made::getConnection;
        closeable = made;
    }

    private void openTomcat() throws SQLException {
        PoolProperties properties = new PoolProperties();
        properties.setDataSource(new StubDriver());
        properties.setInitialSize(size);
        properties.setMinIdle(size);
        properties.setMaxIdle(size);
        properties.setMaxActive(size);
        properties.setMaxWait(5_000);
        properties.setJmxEnabled(false);
        // What the others do, too: reset what a user changed, and close the statements that were left open.
        properties.setJdbcInterceptors("ConnectionState;StatementFinalizer");
        var made = new org.apache.tomcat.jdbc.pool.DataSource(properties);
        made.createPool();
        source = made::getConnection;
        closeable = made::close;
    }

    private void openDbcp2() throws SQLException {
        BasicDataSource made = new BasicDataSource();
        made.setDriver(new StubDriver());
        made.setUrl("jdbc:stub:");
        made.setInitialSize(size);
        made.setMinIdle(size);
        made.setMaxIdle(size);
        made.setMaxTotal(size);
        made.setMaxWait(Duration.ofSeconds(5));
        // The same liberty that HikariCP takes: what was just used is not tested.
        made.setTestOnBorrow(false);
        made.start();
        source = made::getConnection;
        closeable = made;
    }

    private void openEvenkeel(int endpoints) throws InterruptedException {
        size = Math.max(size, endpoints);
        PoolUnderTest made = new PoolUnderTest(
                hikariConfig(new StubDriver()), endpoints, new StubDriver(), pool.startsWith("podpools"));
        source = made::getConnection;
        closeable = made;
    }

    @TearDown(Level.Trial)
    public void close() throws Exception {
        closeable.close();
    }

    @Benchmark
    public Connection acquire() throws SQLException {
        Connection connection = source.get();
        connection.close();
        return connection;
    }

    @Benchmark
    public int statement() throws SQLException {
        int rows = 0;
        try (Connection connection = source.get();
                PreparedStatement statement = connection.prepareStatement("select 1");
                ResultSet result = statement.executeQuery()) {
            while (result.next()) {
                rows += result.getInt(1) + 1;
            }
        }
        return rows;
    }

    @Benchmark
    public Connection constrained() throws SQLException {
        try (Connection connection = source.get()) {
            LockSupport.parkNanos(HELD_NANOS);
            return connection;
        }
    }

    /** One column of the table. */
    private record Case(String benchmark, int threads) {
        @Override
        public String toString() {
            return benchmark + "-" + threads;
        }
    }

    private record Score(double operations, double bytes) {}

    /** Prints the table. */
    public static void main(String[] arguments) {
        boolean quick = List.of(arguments).contains("--quick");
        List<Case> cases = cases(arguments);
        List<String> pools = chosen(arguments, "--pools=", POOLS);
        Map<String, List<Score>> scores = new LinkedHashMap<>();
        for (int round = 0; round < (quick ? 1 : 5); round++) {
            for (Case each : cases) {
                for (String pool : pools) {
                    Score score = run(pool, each, quick);
                    scores.computeIfAbsent(each + " " + pool, key -> new ArrayList<>())
                            .add(score);
                }
            }
        }
        print(scores, cases, pools);
    }

    private static List<Case> cases(String[] arguments) {
        List<Case> all = new ArrayList<>();
        for (String benchmark : List.of("acquire", "statement")) {
            for (int threads : new int[] {1, 2, 8, 64}) {
                all.add(new Case(benchmark, threads));
            }
        }
        all.add(new Case("constrained", 2 * CONSTRAINED_SIZE));
        List<String> names = all.stream().map(Case::toString).toList();
        List<String> wanted = chosen(arguments, "--only=", names);
        return all.stream().filter(each -> wanted.contains(each.toString())).toList();
    }

    private static List<String> chosen(String[] arguments, String option, List<String> all) {
        for (String argument : arguments) {
            if (argument.startsWith(option)) {
                return List.of(argument.substring(option.length()).split(","));
            }
        }
        return all;
    }

    private static Score run(String pool, Case of, boolean quick) {
        Options options = new OptionsBuilder()
                .include(AcquireBenchmark.class.getName() + "." + of.benchmark + "$")
                .param("pool", pool)
                .param("size", Integer.toString(of.benchmark.equals("constrained") ? CONSTRAINED_SIZE : SIZE))
                .threads(of.threads)
                .forks(1)
                .jvmArgsAppend("-Xmx512m")
                .warmupIterations(quick ? 2 : 5)
                .warmupTime(TimeValue.seconds(1))
                .measurementIterations(quick ? 3 : 5)
                .measurementTime(TimeValue.seconds(1))
                .timeout(TimeValue.seconds(30))
                .addProfiler(GCProfiler.class)
                .shouldFailOnError(true)
                .verbosity(VerboseMode.SILENT)
                .build();
        RunResult result;
        try {
            result = new Runner(options).runSingle();
        } catch (RunnerException e) {
            // A pool that lets callers time out where others serve them has no figure here.
            System.err.println(of + " " + pool + ": " + e.getCause());
            return new Score(Double.NaN, Double.NaN);
        }
        return new Score(
                result.getPrimaryResult().getScore(),
                Objects.requireNonNull(result.getSecondaryResults().get(BYTES), BYTES)
                        .getScore());
    }

    private static void print(Map<String, List<Score>> scores, List<Case> cases, List<String> pools) {
        System.out.printf(
                "%-16s%-14s%10s%10s%10s%12s%8s%n",
                "case", "pool", "median", "lowest", "highest", "to HikariCP", "bytes");
        for (Case each : cases) {
            double hikari = median(scores, each + " hikari", Score::operations);
            for (String pool : pools) {
                List<Score> all = scores.getOrDefault(each + " " + pool, List.of());
                double median = median(scores, each + " " + pool, Score::operations);
                System.out.printf(
                        "%-16s%-14s%10.3f%10.3f%10.3f%12.2f%8.0f%n",
                        each,
                        pool,
                        median,
                        all.stream().mapToDouble(Score::operations).min().orElse(Double.NaN),
                        all.stream().mapToDouble(Score::operations).max().orElse(Double.NaN),
                        median / hikari,
                        median(scores, each + " " + pool, Score::bytes));
            }
        }
        System.out.println("operations per microsecond; the case's number is that of its threads");
    }

    private static double median(Map<String, List<Score>> scores, String of, ToDoubleFunction<Score> what) {
        double[] sorted = scores.getOrDefault(of, List.of()).stream()
                .mapToDouble(what)
                .sorted()
                .toArray();
        int middle = sorted.length / 2;
        if (sorted.length == 0) {
            return Double.NaN;
        }
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
