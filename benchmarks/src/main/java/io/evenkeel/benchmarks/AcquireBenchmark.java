package io.evenkeel.benchmarks;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.agroal.api.AgroalDataSource;
import io.agroal.api.configuration.supplier.AgroalDataSourceConfigurationSupplier;
import io.evenkeel.demo.postgres.PostgresPods;
import io.evenkeel.demo.postgres.PostgresServer;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.jdbc.pool.PoolUnderTest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
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
import org.jspecify.annotations.Nullable;
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
import org.postgresql.ds.PGSimpleDataSource;
import software.amazon.jdbc.ds.AwsWrapperDataSource;

/**
 * {@code getConnection} and {@code close}, alone and around a whole statement, on a driver that costs nothing:
 * HikariCP, Agroal, Tomcat JDBC, DBCP 2, HikariCP over the AWS Advanced JDBC Wrapper, and Evenkeel over 1, 4 and 32
 * endpoints, both by its engine and by a HikariCP pool per Pod. 16 connections in all, 32 where there are 32 endpoints;
 * 4 for 8 threads in the constrained case, where each connection is held for 50 µs.
 *
 * <p>The cases {@code select-1} and {@code select-8} are the statement cycle at real PostgreSQL servers: one for each Pod
 * of {@code evenkeel-4}, the first of them for HikariCP and the like.
 *
 * <p>{@link #main} runs the pools one fork after another in turn, so that a machine that slows down slows all of them,
 * and prints the medians, the ratios to HikariCP and the bytes allocated per operation. {@code --quick} takes shorter
 * forks and fewer; {@code --only=acquire-1,statement-2} some of the cases, {@code --pools=hikari,evenkeel-4} some of the
 * pools. {@code --table} takes short forks, at most three rounds and no more than fit into {@value #TABLE_MINUTES}
 * minutes, without the HikariCP pools per Pod and {@code select-8}. A driver that does something takes longer to be
 * compiled, so forks at real servers are longer.
 *
 * <pre>{@code
 * mvn -q -pl benchmarks -am test-compile exec:exec -Dexec.executable=java \
 *     -Dexec.args="-cp %classpath io.evenkeel.benchmarks.AcquireBenchmark --table"
 * }</pre>
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class AcquireBenchmark {
    private static final String NONE = "none";
    private static final int SIZE = 16;
    private static final int CONSTRAINED_SIZE = 4;
    private static final long HELD_NANOS = 50_000;
    private static final int TABLE_MINUTES = 11;
    private static final int SERVERS = 4;
    private static final String BYTES = "gc.alloc.rate.norm";
    private static final List<String> POOLS = List.of(
            "hikari", "agroal", "tomcat", "dbcp2", "aws", "evenkeel-1", "evenkeel-4", "evenkeel-32", "podpools-4");

    /** What is measured. */
    @Param({"hikari"})
    public String pool = "hikari";

    /** Connections in all. */
    @Param({"16"})
    public int size = SIZE;

    /** URLs of real servers with a user and a password, separated by blanks; "none" for the driver that costs nothing. */
    @Param({NONE})
    public String servers = NONE;

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
            case "hikari" -> openHikari(driver());
            case "aws" -> openHikari(awsWrapper());
            case "agroal" -> openAgroal();
            case "tomcat" -> openTomcat();
            case "dbcp2" -> openDbcp2();
            default -> openEvenkeel(Integer.parseInt(pool.substring(pool.indexOf('-') + 1)));
        }
    }

    private boolean isReal() {
        return !servers.equals(NONE);
    }

    private String url() {
        return isReal() ? servers.split(" ")[0] : "jdbc:stub:";
    }

    private DataSource driver() {
        if (!isReal()) {
            return new StubDriver();
        }
        PGSimpleDataSource made = new PGSimpleDataSource();
        made.setURL(url());
        return made;
    }

    private HikariConfig hikariConfig(DataSource driver) {
        HikariConfig config = sizes();
        config.setDataSource(driver);
        return config;
    }

    private HikariConfig sizes() {
        HikariConfig config = new HikariConfig();
        config.setPoolName("benchmark");
        config.setMaximumPoolSize(size);
        config.setMinimumIdle(size);
        config.setConnectionTimeout(5_000);
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
    private DataSource awsWrapper() {
        AwsWrapperDataSource made = new AwsWrapperDataSource();
        if (isReal()) {
            made.setJdbcUrl(url().replace("jdbc:", "jdbc:aws-wrapper:") + "&wrapperPlugins=&wrapperDialect=pg");
            return made;
        }
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
                        .connectionFactoryConfiguration(factory -> factory.connectionProviderClass(
                                        isReal() ? org.postgresql.Driver.class : StubDriver.class)
                                .jdbcUrl(url()))));
        source = made::getConnection;
        closeable = made;
    }

    private void openTomcat() throws SQLException {
        PoolProperties properties = new PoolProperties();
        properties.setDataSource(driver());
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
        made.setDriver(isReal() ? new org.postgresql.Driver() : new StubDriver());
        made.setUrl(url());
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
        boolean perPod = pool.startsWith("podpools");
        PoolUnderTest made = isReal()
                ? overServers(endpoints, perPod)
                : PoolUnderTest.over(hikariConfig(new StubDriver()), endpoints, new StubDriver(), perPod);
        source = made::getConnection;
        closeable = made;
    }

    private PoolUnderTest overServers(int endpoints, boolean perPod) throws InterruptedException {
        HikariConfig config = sizes();
        config.setJdbcUrl(url());
        String[] urls = servers.split(" ");
        List<Endpoint> pods = new ArrayList<>();
        for (int i = 0; i < endpoints; i++) {
            // More Pods than servers are several at one.
            URI server = URI.create(urls[i % urls.length].substring("jdbc:".length()));
            pods.add(Endpoint.of("pod-" + i, server.getHost(), server.getPort()));
        }
        return PoolUnderTest.over(config, pods, perPod);
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
        boolean isReal() {
            return benchmark.equals("select");
        }

        String method() {
            return isReal() ? "statement" : benchmark;
        }

        @Override
        public String toString() {
            return benchmark + "-" + threads;
        }
    }

    private record Score(double operations, double bytes) {}

    /** Prints the table. */
    public static void main(String[] arguments) {
        boolean table = List.of(arguments).contains("--table");
        Length length = table ? Length.SHORT : List.of(arguments).contains("--quick") ? Length.QUICK : Length.FULL;
        List<Case> cases = cases(arguments);
        List<String> all = POOLS.stream()
                .filter(pool -> !table || !pool.startsWith("podpools"))
                .toList();
        List<String> pools = chosen(arguments, "--pools=", all);
        Map<String, List<Score>> scores = new LinkedHashMap<>();
        try (RealServers servers = RealServers.start(cases)) {
            long start = System.nanoTime();
            int rounds = 0;
            do {
                for (Case each : cases) {
                    for (String pool : pools) {
                        scores.computeIfAbsent(each + " " + pool, key -> new ArrayList<>())
                                .add(run(pool, each, length, servers.urls()));
                    }
                }
                rounds++;
            } while (rounds < length.rounds && (!table || anotherFits(start, rounds)));
            System.out.println(
                    rounds + " rounds in " + TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start) + " s");
        }
        print(scores, cases, pools);
        printRatios(scores, cases, pools);
    }

    private static boolean anotherFits(long start, int rounds) {
        long taken = System.nanoTime() - start;
        return taken + taken / rounds < TimeUnit.MINUTES.toNanos(TABLE_MINUTES);
    }

    /** How long a fork is, and how often each is run. */
    private enum Length {
        SHORT(3, 2, 3, 250),
        QUICK(1, 2, 3, 1_000),
        FULL(5, 5, 5, 1_000);

        private final int rounds;
        private final int warmups;
        private final int measurements;
        private final int millis;

        Length(int rounds, int warmups, int measurements, int millis) {
            this.rounds = rounds;
            this.warmups = warmups;
            this.measurements = measurements;
            this.millis = millis;
        }
    }

    /** Real servers for the cases that need them, or none. */
    private record RealServers(@Nullable PostgresPods pods, String urls) implements AutoCloseable {
        static RealServers start(List<Case> cases) {
            if (cases.stream().noneMatch(Case::isReal)) {
                return new RealServers(null, NONE);
            }
            try {
                PostgresPods pods = PostgresPods.create();
                List<String> urls = new ArrayList<>();
                for (int i = 0; i < SERVERS; i++) {
                    PostgresServer server = pods.start("pg-" + i);
                    urls.add("jdbc:postgresql://" + server.host() + ":" + server.port() + "/" + PostgresPods.DATABASE
                            + "?user=" + PostgresPods.USER + "&password=" + pods.password());
                }
                return new RealServers(pods, String.join(" ", urls));
            } catch (IOException e) {
                throw new UncheckedIOException("select: PostgreSQL can't be run here; leave it out by --only=", e);
            }
        }

        @Override
        public void close() {
            if (pods != null) {
                pods.close();
            }
        }
    }

    private static List<Case> cases(String[] arguments) {
        List<Case> all = new ArrayList<>();
        for (String benchmark : List.of("acquire", "statement")) {
            for (int threads : new int[] {1, 2, 8, 64}) {
                all.add(new Case(benchmark, threads));
            }
        }
        all.add(new Case("constrained", 2 * CONSTRAINED_SIZE));
        all.add(new Case("select", 1));
        all.add(new Case("select", 8));
        List<String> names = all.stream().map(Case::toString).toList();
        boolean table = List.of(arguments).contains("--table");
        List<String> wanted = chosen(
                arguments,
                "--only=",
                names.stream()
                        .filter(name -> !table || !name.equals("select-8"))
                        .toList());
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

    private static Score run(String pool, Case of, Length length, String servers) {
        Options options = new OptionsBuilder()
                .include(AcquireBenchmark.class.getName() + "." + of.method() + "$")
                .param("pool", pool)
                .param("size", Integer.toString(of.benchmark.equals("constrained") ? CONSTRAINED_SIZE : SIZE))
                .param("servers", of.isReal() ? servers : NONE)
                .threads(of.threads)
                .forks(1)
                // Beside 64 threads that run, a compiler that works in the background gets a processor so late
                // that a short fork measures code that is half interpreted: 3 to 20 operations per microsecond
                // for 10 s, then 50.
                .jvmArgsAppend("-Xmx512m", "-Xbatch")
                .warmupIterations(length.warmups)
                .warmupTime(TimeValue.milliseconds(of.isReal() ? 4L * length.millis : length.millis))
                .measurementIterations(length.measurements)
                .measurementTime(TimeValue.milliseconds(of.isReal() ? 2L * length.millis : length.millis))
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

    /** One line per case, one column per pool: the ratios of the medians to HikariCP's. */
    private static void printRatios(Map<String, List<Score>> scores, List<Case> cases, List<String> pools) {
        System.out.println("\n| median, to HikariCP's | " + String.join(" | ", pools) + " |");
        System.out.println("|---|" + "---|".repeat(pools.size()));
        for (Case each : cases) {
            double hikari = median(scores, each + " hikari", Score::operations);
            StringBuilder line = new StringBuilder("| " + each + " |");
            for (String pool : pools) {
                double median = median(scores, each + " " + pool, Score::operations);
                line.append(String.format(" %.2f |", median / hikari));
            }
            System.out.println(line);
        }
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
