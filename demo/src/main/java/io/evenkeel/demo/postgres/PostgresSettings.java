package io.evenkeel.demo.postgres;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How a server is configured. Immutable. {@code fsync} is always off: nothing that such a server holds is worth
 * keeping.
 *
 * @param maxConnections how many sessions ordinary users can have, at least 1; {@code max_connections} is set to four
 *     more, one for the session that counts them and three that stay reserved for the superuser
 * @param certificate PEM file of the server's certificate chain, or null for a server without TLS
 * @param privateKey PEM file of the certificate's key, or null for a server without TLS
 * @param parameters any other parameter of {@code postgresql.conf}, by name
 */
public record PostgresSettings(
        int maxConnections,
        @Nullable Path certificate,
        @Nullable Path privateKey,
        Map<String, String> parameters) {

    public PostgresSettings {
        parameters = Map.copyOf(parameters);
        if (maxConnections < 1) {
            throw new IllegalArgumentException("maxConnections: " + maxConnections + " (expected: at least 1)");
        }
        if ((certificate == null) != (privateKey == null)) {
            throw new IllegalArgumentException("certificate: " + certificate + ", privateKey: " + privateKey
                    + " (expected: both, or neither for a server without TLS)");
        }
    }

    int maxConnectionsOfServer() {
        return maxConnections + 4;
    }

    /** 200 connections, no TLS. */
    public static PostgresSettings defaults() {
        return new PostgresSettings(200, null, null, Map.of());
    }

    public PostgresSettings withMaxConnections(int connections) {
        return new PostgresSettings(connections, certificate, privateKey, parameters);
    }

    public PostgresSettings withTls(Path newCertificate, Path newPrivateKey) {
        return new PostgresSettings(maxConnections, newCertificate, newPrivateKey, parameters);
    }

    /** Sets one parameter of {@code postgresql.conf}. */
    public PostgresSettings with(String parameter, String value) {
        Map<String, String> more = new HashMap<>(parameters);
        more.put(parameter, value);
        return new PostgresSettings(maxConnections, certificate, privateKey, more);
    }
}
