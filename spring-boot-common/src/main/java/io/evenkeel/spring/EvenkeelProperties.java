package io.evenkeel.spring;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.NestedConfigurationProperty;

/** {@code evenkeel.*}. */
@ConfigurationProperties("evenkeel")
public class EvenkeelProperties {

    /** Whether anything is balanced. */
    private boolean enabled = true;

    /** Of every DataSource that HikariCP would pool. */
    @NestedConfigurationProperty
    private final DataSources datasource = new DataSources();

    /** Of the ConnectionFactory for RabbitMQ. */
    @NestedConfigurationProperty
    private final Rabbit rabbit = new Rabbit();

    /** Of every RSocketRequester. */
    @NestedConfigurationProperty
    private final RSockets rsocket = new RSockets();

    /** Of the meters. */
    private final Metrics metrics = new Metrics();

    public boolean isEnabled() {
        return enabled;
    }

    public void setEnabled(boolean value) {
        enabled = value;
    }

    public DataSources getDatasource() {
        return datasource;
    }

    public Rabbit getRabbit() {
        return rabbit;
    }

    public RSockets getRsocket() {
        return rsocket;
    }

    public Metrics getMetrics() {
        return metrics;
    }

    /** {@code evenkeel.datasource.*}. */
    public static class DataSources extends PoolProperties {

        /** Names of DataSource beans that stay as they are. */
        private List<String> exclude = new ArrayList<>();

        /** 1 opens the new connection of a move before the old one is closed, 0 closes the old one first. */
        private @Nullable Integer surge;

        /** Settings of single DataSource beans, by their names; each replaces those of all. */
        private Map<String, PoolProperties> beans = new LinkedHashMap<>();

        public List<String> getExclude() {
            return exclude;
        }

        public void setExclude(List<String> value) {
            exclude = value;
        }

        public @Nullable Integer getSurge() {
            return surge;
        }

        public void setSurge(@Nullable Integer value) {
            surge = value;
        }

        public Map<String, PoolProperties> getBeans() {
            return beans;
        }

        public void setBeans(Map<String, PoolProperties> value) {
            beans = value;
        }
    }

    /** {@code evenkeel.rabbit.*}. */
    public static class Rabbit extends PoolProperties {

        /** What a move does about messages that were delivered and are not settled: strict or lame-duck. */
        private @Nullable String consumerHandover;

        /** How long acknowledgements are held back before a consumer of a quorum queue is cancelled. */
        private @Nullable Duration ackHold;

        /** How long one channel's publishers may wait for confirms at once during a move. */
        private @Nullable Duration publisherPause;

        /** The name that TLS verifies. By default the configured host, else the name in the target. */
        private @Nullable String serverName;

        public @Nullable String getConsumerHandover() {
            return consumerHandover;
        }

        public void setConsumerHandover(@Nullable String value) {
            consumerHandover = value;
        }

        public @Nullable Duration getAckHold() {
            return ackHold;
        }

        public void setAckHold(@Nullable Duration value) {
            ackHold = value;
        }

        public @Nullable Duration getPublisherPause() {
            return publisherPause;
        }

        public void setPublisherPause(@Nullable Duration value) {
            publisherPause = value;
        }

        public @Nullable String getServerName() {
            return serverName;
        }

        public void setServerName(@Nullable String value) {
            serverName = value;
        }
    }

    /** {@code evenkeel.rsocket.*}. */
    public static class RSockets extends PoolProperties {

        /** Targets by the host that the application names in tcp(host, port). */
        private Map<String, String> targets = new LinkedHashMap<>();

        /** Connections to each Pod. */
        private @Nullable Integer connectionsPerPod;

        /** The most connections of one requester. */
        private @Nullable Integer maxConnections;

        /** How long a request waits for a connection. */
        private @Nullable Duration acquireTimeout;

        /** How long connecting to a Pod may take. */
        private @Nullable Duration connectTimeout;

        public Map<String, String> getTargets() {
            return targets;
        }

        public void setTargets(Map<String, String> value) {
            targets = value;
        }

        public @Nullable Integer getConnectionsPerPod() {
            return connectionsPerPod;
        }

        public void setConnectionsPerPod(@Nullable Integer value) {
            connectionsPerPod = value;
        }

        public @Nullable Integer getMaxConnections() {
            return maxConnections;
        }

        public void setMaxConnections(@Nullable Integer value) {
            maxConnections = value;
        }

        public @Nullable Duration getAcquireTimeout() {
            return acquireTimeout;
        }

        public void setAcquireTimeout(@Nullable Duration value) {
            acquireTimeout = value;
        }

        public @Nullable Duration getConnectTimeout() {
            return connectTimeout;
        }

        public void setConnectTimeout(@Nullable Duration value) {
            connectTimeout = value;
        }
    }

    /** {@code evenkeel.metrics.*}. */
    public static class Metrics {

        /** Whether meters are registered. */
        private boolean enabled = true;

        /** Whether meters about one Pod have the tag pod; every rollout makes new time series then. */
        private boolean podTag;

        /** Whether HikariCP's own meters, hikaricp.connections.*, are registered, too. */
        private boolean hikariNames;

        public boolean isEnabled() {
            return enabled;
        }

        public void setEnabled(boolean value) {
            enabled = value;
        }

        public boolean isPodTag() {
            return podTag;
        }

        public void setPodTag(boolean value) {
            podTag = value;
        }

        public boolean isHikariNames() {
            return hikariNames;
        }

        public void setHikariNames(boolean value) {
            hikariNames = value;
        }
    }
}
