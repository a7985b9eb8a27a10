package io.evenkeel.jdbc.driver;

import io.evenkeel.endpoint.Endpoint;
import java.sql.Driver;
import java.util.Properties;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The drivers whose connections can be led to an endpoint while the Service's name stays in the URL. Nothing here needs
 * the drivers on the class path.
 */
enum DriverFamily {
    POSTGRESQL("jdbc:postgresql:", "org.postgresql.Driver", "org.postgresql.ds.PGSimpleDataSource", 5432) {
        @Override
        Set<String> options() {
            return Set.of("socketfactory", "socketfactoryarg");
        }

        @Override
        void lead(Properties properties, JdbcUrl url, Set<String> given, Endpoint endpoint, String dial) {
            properties.setProperty("socketFactory", "io.evenkeel.jdbc.driver.PostgresSocketFactory");
            properties.setProperty("socketFactoryArg", EndpointAddress.text(endpoint.address(), dial, ""));
            // The driver's default, unlike the others', is to turn it off.
            if (!given.contains("tcpkeepalive")) {
                properties.setProperty("tcpKeepAlive", "true");
            }
        }

        @Override
        void limit(Properties properties, Set<String> given, int seconds) {
            if (!given.contains("logintimeout")) {
                properties.setProperty("loginTimeout", Integer.toString(seconds));
            }
        }
    },

    MYSQL("jdbc:mysql:", "com.mysql.cj.jdbc.Driver", "com.mysql.cj.jdbc.MysqlDataSource", 3306) {
        @Override
        Set<String> options() {
            return Set.of("socketfactory", "socksproxyhost", "dnssrv", "protocol", "path");
        }

        @Override
        void lead(Properties properties, JdbcUrl url, Set<String> given, Endpoint endpoint, String dial) {
            properties.setProperty("socketFactory", "io.evenkeel.jdbc.driver.MySqlSocketFactory");
            properties.setProperty("evenkeelHost", endpoint.host());
            properties.setProperty("evenkeelPort", Integer.toString(endpoint.port()));
            properties.setProperty("evenkeelDial", dial);
        }

        @Override
        void limit(Properties properties, Set<String> given, int seconds) {
            properties.setProperty("evenkeelLoginTimeout", millis(seconds));
        }
    },

    MARIADB("jdbc:mariadb:", "org.mariadb.jdbc.Driver", "org.mariadb.jdbc.MariaDbDataSource", 3306) {
        @Override
        Set<String> options() {
            return Set.of("socketfactory", "localsocket", "pipe", "permitredirect", "pool");
        }

        @Override
        void lead(Properties properties, JdbcUrl url, Set<String> given, Endpoint endpoint, String dial) {
            properties.setProperty("socketFactory", "io.evenkeel.jdbc.driver.MariaDbSocketFactory");
            properties.setProperty("evenkeelEndpoint", EndpointAddress.text(endpoint.address(), dial, url.host()));
            // A redirected connection would be counted at an endpoint where it is not.
            properties.setProperty("permitRedirect", "false");
        }

        /**
         * From version 4 on the driver resolves the host in its URL before it asks the socket factory. So the URL has
         * the endpoint's address there, and the name goes to TLS by {@link MariaDbTlsPlugin}; not where the user has
         * a plugin of his own, whose way with names is not known.
         */
        @Override
        String urlText(Driver driver, Properties properties, JdbcUrl url, Set<String> given, Endpoint endpoint) {
            if (driver.getMajorVersion() < RESOLVES_FIRST || given.contains("tlssockettype")) {
                return url.text();
            }
            properties.setProperty("tlsSocketType", MariaDbTlsPlugin.TYPE);
            return url.textFor(endpoint);
        }

        @Override
        void limit(Properties properties, Set<String> given, int seconds) {
            if (!given.contains("connecttimeout")) {
                properties.setProperty("connectTimeout", millis(seconds));
            }
        }
    };

    private static final int RESOLVES_FIRST = 4;

    private final String scheme;
    private final String driver;
    private final String dataSource;
    private final int defaultPort;

    DriverFamily(String scheme, String driver, String dataSource, int defaultPort) {
        this.scheme = scheme;
        this.driver = driver;
        this.dataSource = dataSource;
        this.defaultPort = defaultPort;
    }

    /** Options, in lower case, that decide where a connection leads and so can't be the user's as well. */
    abstract Set<String> options();

    /** The URL to connect by; adds properties that belong to it. */
    String urlText(Driver driver, Properties properties, JdbcUrl url, Set<String> given, Endpoint endpoint) {
        return url.text();
    }

    /**
     * Adds what leads a connection to the endpoint.
     *
     * @param url the user's
     * @param given the names of the user's own options, in lower case
     * @param dial the {@link Dial}'s name
     */
    abstract void lead(Properties properties, JdbcUrl url, Set<String> given, Endpoint endpoint, String dial);

    /**
     * Bounds connecting and logging in, as far as the user has not done so.
     *
     * @param given the names of the user's own options, in lower case
     */
    abstract void limit(Properties properties, Set<String> given, int seconds);

    /** What its URLs begin with. */
    String scheme() {
        return scheme;
    }

    String driverClassName() {
        return driver;
    }

    String dataSourceClassName() {
        return dataSource;
    }

    int defaultPort() {
        return defaultPort;
    }

    /** The family of a driver class, or null. */
    static @Nullable DriverFamily ofDriver(String className) {
        for (DriverFamily family : values()) {
            if (family.driver.equals(className)) {
                return family;
            }
        }
        return null;
    }

    /** The family of a data source class, or null. */
    static @Nullable DriverFamily ofDataSource(String className) {
        for (DriverFamily family : values()) {
            if (family.dataSource.equals(className)) {
                return family;
            }
        }
        return null;
    }

    /** The family that a URL is for, or null. */
    static @Nullable DriverFamily ofUrl(String url) {
        if (url.startsWith(MYSQL.scheme) && url.contains("permitMysqlScheme")) {
            return MARIADB;
        }
        for (DriverFamily family : values()) {
            if (url.startsWith(family.scheme)) {
                return family;
            }
        }
        return null;
    }

    private static String millis(int seconds) {
        return Long.toString(Math.min(seconds * 1000L, Integer.MAX_VALUE));
    }
}
