package io.evenkeel.status;

import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import javax.management.InstanceAlreadyExistsException;
import javax.management.InstanceNotFoundException;
import javax.management.JMException;
import javax.management.MBeanAttributeInfo;
import javax.management.MBeanInfo;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import javax.management.StandardMBean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Shows a pool's status over JMX while it is registered, as {@code io.evenkeel:type=Pool,name="<pool>"}. A second pool
 * of the same name gets {@code ,id=2}, and so on. JMX never stands in a pool's way: any failure here is logged once,
 * and the pool is then not shown. Thread-safe.
 */
public final class JmxStatus implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(JmxStatus.class);

    /** More pools of one name in one JVM are a leak, and not worth a search through all their names. */
    private static final int MOST_OF_ONE_NAME = 1_000;

    private final String pool;
    private final MBeanServer server;

    /** Null when not registered: it failed, or it is closed. */
    private final AtomicReference<@Nullable ObjectName> name;

    private JmxStatus(String pool, MBeanServer server, @Nullable ObjectName name) {
        this.pool = pool;
        this.server = server;
        this.name = new AtomicReference<>(name);
    }

    /**
     * Registers a pool with the platform's MBean server. Never throws for anything that JMX does.
     *
     * @param pool its name; any character is allowed
     * @param status asked anew for each attribute that is read, on the reader's thread
     */
    public static JmxStatus register(String pool, Supplier<PoolStatus> status) {
        return register(pool, status, ManagementFactory.getPlatformMBeanServer());
    }

    static JmxStatus register(String pool, Supplier<PoolStatus> status, MBeanServer server) {
        Objects.requireNonNull(pool, "pool");
        Objects.requireNonNull(status, "status");
        ObjectName name = null;
        try {
            name = registerUnderFreeName(pool, new Attributes(status), server);
        } catch (JMException | RuntimeException e) {
            LOG.warn("pool \"{}\": its status is not shown over JMX", pool, e);
        }
        return new JmxStatus(pool, server, name);
    }

    private static ObjectName registerUnderFreeName(String pool, PoolStatusMXBean attributes, MBeanServer server)
            throws JMException {
        String base = "io.evenkeel:type=Pool,name=" + ObjectName.quote(pool);
        for (int id = 1; id <= MOST_OF_ONE_NAME; id++) {
            try {
                return server.registerMBean(
                                new DescribedBean(attributes), new ObjectName(id == 1 ? base : base + ",id=" + id))
                        .getObjectName();
            } catch (InstanceAlreadyExistsException e) {
                LOG.debug("pool \"{}\": JMX name {} of that name is taken", pool, id);
            }
        }
        throw new JMException(
                "pools named " + base + ": " + MOST_OF_ONE_NAME + " (expected: fewer; are pools never closed?)");
    }

    /** The name it is registered under, or null if it is not: registering failed, or it is closed. */
    public @Nullable ObjectName name() {
        return name.get();
    }

    /** Takes the pool out of JMX; later calls do nothing. */
    @Override
    public void close() {
        ObjectName registered = name.getAndSet(null);
        if (registered == null) {
            return;
        }
        try {
            server.unregisterMBean(registered);
        } catch (InstanceNotFoundException e) {
            LOG.debug("pool \"{}\": {} was unregistered elsewhere", pool, registered);
        } catch (JMException | RuntimeException e) {
            LOG.warn("pool \"{}\": {} could not be taken out of JMX", pool, registered, e);
        }
    }

    /** The MBean with the descriptions that stand at its methods. */
    private static final class DescribedBean extends StandardMBean {

        DescribedBean(PoolStatusMXBean attributes) {
            super(attributes, PoolStatusMXBean.class, true);
        }

        @Override
        protected String getDescription(MBeanInfo info) {
            Described described = PoolStatusMXBean.class.getAnnotation(Described.class);
            return described == null ? super.getDescription(info) : described.value();
        }

        @Override
        protected String getDescription(MBeanAttributeInfo info) {
            try {
                Described described = PoolStatusMXBean.class
                        .getMethod((info.isIs() ? "is" : "get") + info.getName())
                        .getAnnotation(Described.class);
                return described == null ? super.getDescription(info) : described.value();
            } catch (NoSuchMethodException e) {
                return super.getDescription(info);
            }
        }
    }

    private static final class Attributes implements PoolStatusMXBean {
        private final Supplier<PoolStatus> status;

        private Attributes(Supplier<PoolStatus> status) {
            this.status = status;
        }

        @Override
        public String getPool() {
            return status.get().pool();
        }

        @Override
        public String getTarget() {
            return status.get().target();
        }

        @Override
        public double getAgeSeconds() {
            return status.get().age().toMillis() / 1000.0;
        }

        @Override
        public int getSeats() {
            return status.get().seats();
        }

        @Override
        public int getOpen() {
            return status.get().open();
        }

        @Override
        public int getInUse() {
            return status.get().inUse();
        }

        @Override
        public int getIdle() {
            return status.get().idle();
        }

        @Override
        public int getConnecting() {
            return status.get().connecting();
        }

        @Override
        public int getWaiting() {
            return status.get().waiting();
        }

        @Override
        public long getAcquired() {
            return status.get().acquired();
        }

        @Override
        public long getTimedOut() {
            return status.get().timedOut();
        }

        @Override
        public int getStickingStreams() {
            return status.get().stickingStreams();
        }

        @Override
        public String getSource() {
            return status.get().source().health().name();
        }

        @Override
        public String getSourceTarget() {
            return status.get().source().target();
        }

        @Override
        public @Nullable Double getSourceAgeSeconds() {
            return EndpointAttributes.seconds(status.get().source().age());
        }

        @Override
        public @Nullable Double getSourceFreshForSeconds() {
            return EndpointAttributes.seconds(status.get().source().freshFor());
        }

        @Override
        public String getSourceReason() {
            return status.get().source().reason();
        }

        @Override
        public @Nullable String getSourceLastFailure() {
            return status.get().source().lastFailure();
        }

        @Override
        public long getSourceRequests() {
            return status.get().source().requests();
        }

        @Override
        public List<String> getSetChanges() {
            return status.get().source().changes().stream()
                    .map(SourceStatus.SetChange::toString)
                    .toList();
        }

        @Override
        public String getPlanReason() {
            return status.get().planReason();
        }

        @Override
        public int getMovesPending() {
            return status.get().movesPending();
        }

        @Override
        public long getMoves() {
            return status.get().moves();
        }

        @Override
        public boolean isClosed() {
            return status.get().closed();
        }

        @Override
        public Map<String, String> getSettings() {
            return status.get().settings();
        }

        @Override
        public List<EndpointAttributes> getEndpoints() {
            return status.get().endpoints().stream().map(EndpointAttributes::of).toList();
        }
    }
}
