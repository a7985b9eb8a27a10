package io.evenkeel.jdbc.driver;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.util.PropertyElf;
import io.evenkeel.endpoint.Endpoint;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.Locale;
import java.util.Objects;
import java.util.Properties;
import java.util.Set;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * How to connect, taken from a {@link HikariConfig} once: one driver, one URL with the Service's name, the user's
 * options. From it a {@link DataSource} is made per endpoint. Immutable.
 *
 * <p>The URL stays as it is, so that TLS verifies the name in it; only the socket beneath leads to the endpoint. How
 * each driver does that is in {@link DriverFamily}.
 */
public final class DriverTemplate {
    private final Driver driver;
    private final JdbcUrl url;
    private final Properties properties;
    private final Set<String> given;
    private final Credentials credentials;

    private DriverTemplate(Driver driver, JdbcUrl url, Properties properties, Credentials credentials) {
        this.driver = driver;
        this.url = url;
        this.properties = properties;
        this.credentials = credentials;
        this.given = new HashSet<>(url.options());
        properties.stringPropertyNames().forEach(name -> given.add(name.toLowerCase(Locale.ROOT)));
    }

    /**
     * @throws IllegalArgumentException for what can't be led to an endpoint; the message says what to do instead
     */
    public static DriverTemplate from(HikariConfig config) {
        if (config.getDataSource() != null) {
            throw refused(
                    "dataSource",
                    config.getDataSource().getClass().getName(),
                    "a URL: where an opaque DataSource leads can't be changed; set jdbcUrl, or " + JdbcUrl.INSTEAD);
        }
        if (config.getDataSourceClassName() != null) {
            return fromDataSourceClass(config, config.getDataSourceClassName());
        }
        if (config.getJdbcUrl() == null && config.getDataSourceJNDI() != null) {
            throw refused(
                    "dataSourceJNDI",
                    config.getDataSourceJNDI(),
                    "a URL: what JNDI finds can't be led to an endpoint; set jdbcUrl, or " + JdbcUrl.INSTEAD);
        }
        if (config.getJdbcUrl() == null) {
            throw refused("jdbcUrl", null, "a URL, such as jdbc:postgresql://pg.default/db; or " + JdbcUrl.INSTEAD);
        }
        return of(
                config.getJdbcUrl(),
                familyOf(config.getDriverClassName()),
                copy(config.getDataSourceProperties()),
                null);
    }

    private static @Nullable DriverFamily familyOf(@Nullable String driverClassName) {
        if (driverClassName == null) {
            return null;
        }
        DriverFamily family = DriverFamily.ofDriver(driverClassName);
        if (family == null) {
            throw refused(
                    "driverClassName",
                    driverClassName,
                    "the driver of PostgreSQL, MySQL or MariaDB, which can be led to an endpoint; " + JdbcUrl.INSTEAD);
        }
        return family;
    }

    private static DriverTemplate fromDataSourceClass(HikariConfig config, String className) {
        if (className.contains("XA")) {
            throw refused(
                    "dataSourceClassName",
                    className,
                    "not an XA data source: a transaction manager must see each resource; use the driver's plain one");
        }
        DriverFamily family = DriverFamily.ofDataSource(className);
        if (family == null) {
            throw refused(
                    "dataSourceClassName",
                    className,
                    "PGSimpleDataSource, MysqlDataSource or MariaDbDataSource; or jdbcUrl; or " + JdbcUrl.INSTEAD);
        }
        Properties given = copy(config.getDataSourceProperties());
        return switch (family) {
            case POSTGRESQL -> fromBean(family, className, given);
            case MYSQL -> fromMySql(given);
            case MARIADB -> fromMariaDb(given);
        };
    }

    /** pgjdbc's data source writes all that it was told into its URL. */
    private static DriverTemplate fromBean(DriverFamily family, String className, Properties given) {
        Object bean = instantiate(className);
        PropertyElf.setTargetFromProperties(bean, given);
        String url = Objects.toString(PropertyElf.getProperty("url", bean));
        Object user = PropertyElf.getProperty("user", bean);
        Object password = PropertyElf.getProperty("password", bean);
        return of(url, family, new Properties(), Credentials.of(text(user), text(password)));
    }

    /** Connector/J's data source names its properties as its URL does, apart from these. */
    private static DriverTemplate fromMySql(Properties given) {
        String host = take(given, "serverName");
        String port = take(given, "portNumber", "port");
        String database = take(given, "databaseName");
        String url = take(given, "url", "URL");
        take(given, "description");
        Credentials credentials = Credentials.of(take(given, "user"), take(given, "password"));
        if (url == null) {
            String address = host == null
                    ? "localhost"
                    : host.indexOf(':') >= 0 && !host.startsWith("[") ? "[" + host + "]" : host;
            url = DriverFamily.MYSQL.scheme() + "//" + address + (port == null ? "" : ":" + port) + "/"
                    + Objects.requireNonNullElse(database, "");
        }
        return of(url, DriverFamily.MYSQL, given, credentials);
    }

    /** MariaDB's has a URL, and nothing else that matters. */
    private static DriverTemplate fromMariaDb(Properties given) {
        String url = take(given, "url");
        String user = take(given, "user");
        String password = take(given, "password");
        if (url == null || !given.isEmpty()) {
            throw refused(
                    "dataSourceProperties",
                    given.stringPropertyNames().toString(),
                    "url, user and password, which are all that MariaDbDataSource has; write options into its url");
        }
        return of(url, DriverFamily.MARIADB, new Properties(), Credentials.of(user, password));
    }

    private static DriverTemplate of(
            String text, @Nullable DriverFamily driver, Properties properties, @Nullable Credentials credentials) {
        JdbcUrl url = JdbcUrl.parse(text, driver);
        DriverTemplate template = new DriverTemplate(
                (Driver) instantiate(url.family().driverClassName()),
                url,
                properties,
                credentials == null ? Credentials.of(null, null) : credentials);
        requireAccepted(template.driver, url);
        for (String option : url.family().options()) {
            if (template.given.contains(option)) {
                throw refused(
                        option,
                        "set in " + JdbcUrl.shown(text) + " or in dataSourceProperties",
                        "not set, since it would decide where connections lead; leave it out, or " + JdbcUrl.INSTEAD);
            }
        }
        return template;
    }

    /** As HikariCP does: a driver that leaves a URL to others would refuse every connection. */
    private static void requireAccepted(Driver driver, JdbcUrl url) {
        if (!url.text().startsWith(url.family().scheme()) && !accepts(driver, url.text())) {
            throw refused(
                    "jdbcUrl",
                    JdbcUrl.shown(url.text()),
                    "one that " + driver.getClass().getName() + " accepts; correct driverClassName, or leave it out");
        }
    }

    private static boolean accepts(Driver driver, String url) {
        try {
            return driver.acceptsURL(url);
        } catch (SQLException e) {
            return false;
        }
    }

    /** The host that the user's URL names. */
    public String host() {
        return url.host();
    }

    /** The port that the user's URL names, or the driver's default. */
    public int port() {
        return url.port();
    }

    /**
     * Connects to {@code endpoint}.
     *
     * @param live the user name and password, asked for at every connect; where one is null, that of the data
     *     source's own properties or of the URL is used
     */
    public DataSource dataSource(Endpoint endpoint, Supplier<Credentials> live) {
        return new EndpointDataSource(driver, url, properties, given, () -> or(live.get(), credentials), endpoint);
    }

    /**
     * Connects by any data source; by one of {@link #dataSource} with a probe.
     *
     * @param user null to connect with what the data source has
     */
    public static DriverConnection connect(DataSource dataSource, @Nullable String user, @Nullable String password)
            throws SQLException {
        if (dataSource instanceof EndpointDataSource ours) {
            return ours.open(user, password);
        }
        Connection made = user == null ? dataSource.getConnection() : dataSource.getConnection(user, password);
        return new DriverConnection(made, LivenessProbe.NONE);
    }

    private static Credentials or(Credentials first, Credentials second) {
        return Credentials.of(
                first.username() == null ? second.username() : first.username(),
                first.password() == null ? second.password() : first.password());
    }

    private static Object instantiate(String className) {
        try {
            return load(className).getDeclaredConstructor().newInstance();
        } catch (ReflectiveOperationException e) {
            throw new IllegalArgumentException(
                    "driver: " + className + " (expected: on the class path; add the driver's dependency)", e);
        }
    }

    private static Class<?> load(String className) throws ClassNotFoundException {
        ClassLoader context = Thread.currentThread().getContextClassLoader();
        if (context != null) {
            try {
                return context.loadClass(className);
            } catch (ClassNotFoundException e) {
                return Class.forName(className); // an application server's context loader may not see what we see
            }
        }
        return Class.forName(className);
    }

    private static Properties copy(Properties properties) {
        Properties copy = new Properties();
        properties.stringPropertyNames().forEach(name -> copy.setProperty(name, properties.getProperty(name)));
        // HikariCP's own way of setting numbers puts objects there, which stringPropertyNames leaves out.
        properties.forEach((name, value) -> copy.setProperty(name.toString(), value.toString()));
        return copy;
    }

    private static @Nullable String take(Properties properties, String... names) {
        String value = null;
        for (String name : names) {
            Object found = properties.remove(name);
            value = found == null ? value : found.toString();
        }
        return value;
    }

    private static @Nullable String text(@Nullable Object value) {
        return value == null ? null : value.toString();
    }

    private static IllegalArgumentException refused(String name, @Nullable String value, String expected) {
        return new IllegalArgumentException(name + ": " + value + " (expected: " + expected + ")");
    }
}
