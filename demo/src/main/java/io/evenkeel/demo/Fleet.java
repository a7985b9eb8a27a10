package io.evenkeel.demo;

import com.zaxxer.hikari.HikariConfig;
import io.evenkeel.demo.postgres.PostgresPods;
import java.util.ArrayList;
import java.util.List;

/**
 * The client processes of one kind: a Deployment of {@value #PROCESSES} Pods with {@value #CONNECTIONS} connections
 * each.
 */
final class Fleet implements AutoCloseable {
    static final int PROCESSES = 4;
    static final int CONNECTIONS = 12;

    private final Kind kind;
    private final List<Client> clients;

    private Fleet(Kind kind, List<Client> clients) {
        this.kind = kind;
        this.clients = List.copyOf(clients);
    }

    static Fleet plain(Cluster cluster) {
        List<Client> clients = new ArrayList<>();
        for (int i = 0; i < PROCESSES; i++) {
            clients.add(new PlainClient(
                    config(Kind.PLAIN, i, cluster, cluster.serviceHost() + ":" + cluster.servicePort())));
        }
        return new Fleet(Kind.PLAIN, clients);
    }

    static Fleet evenkeel(Cluster cluster) {
        List<Client> clients = new ArrayList<>();
        for (int i = 0; i < PROCESSES; i++) {
            // the name in the URL is what the user would write; the Pods' addresses take its place
            clients.add(new EvenkeelClient(config(Kind.EVENKEEL, i, cluster, "pg.demo:5432"), cluster.target()));
        }
        return new Fleet(Kind.EVENKEEL, clients);
    }

    Kind kind() {
        return kind;
    }

    List<Client> clients() {
        return clients;
    }

    @Override
    public void close() {
        clients.parallelStream().forEach(Client::close);
    }

    /** The same for both kinds, but for where it leads. */
    private static HikariConfig config(Kind kind, int process, Cluster cluster, String hostAndPort) {
        HikariConfig config = new HikariConfig();
        config.setPoolName(kind.application(process));
        config.setJdbcUrl("jdbc:postgresql://" + hostAndPort + "/" + PostgresPods.DATABASE);
        config.setUsername(PostgresPods.USER);
        config.setPassword(cluster.password());
        config.setMaximumPoolSize(CONNECTIONS);
        config.setConnectionTimeout(5_000);
        config.addDataSourceProperty("ApplicationName", kind.application(process));
        // puts the name into the startup packet, where the servers' logs count it
        config.addDataSourceProperty("assumeMinServerVersion", "15");
        config.addDataSourceProperty("connectTimeout", "2");
        config.addDataSourceProperty("socketTimeout", "2");
        return config;
    }
}
