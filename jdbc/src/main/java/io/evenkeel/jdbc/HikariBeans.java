package io.evenkeel.jdbc;

import com.zaxxer.hikari.HikariConfigMXBean;
import com.zaxxer.hikari.HikariPoolMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import javax.management.StandardMBean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** HikariCP's {@code registerMbeans}: the beans of the whole pool, under HikariCP's own names. */
final class HikariBeans implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HikariBeans.class);

    private final MBeanServer server = ManagementFactory.getPlatformMBeanServer();
    private final List<ObjectName> registered = new ArrayList<>();
    private final String pool;

    HikariBeans(String pool) {
        this.pool = pool;
    }

    /** What can't be registered is logged, and changes nothing else, as in HikariCP. */
    void register(HikariConfigMXBean config, HikariPoolMXBean bean) {
        try {
            // The registry makes them MXBeans by their interfaces' names; the classes themselves are not public.
            register("PoolConfig", new StandardMBean(config, HikariConfigMXBean.class, true));
            register("Pool", new StandardMBean(bean, HikariPoolMXBean.class, true));
        } catch (JMException | RuntimeException e) {
            LOG.warn("Pool {}: HikariCP's management beans can't be registered", pool, e);
        }
    }

    private void register(String type, StandardMBean bean) throws JMException {
        ObjectName name = new ObjectName("com.zaxxer.hikari:type=" + type + " (" + pool + ")");
        server.registerMBean(bean, name);
        registered.add(name);
    }

    @Override
    public void close() {
        for (ObjectName name : registered) {
            try {
                server.unregisterMBean(name);
            } catch (JMException | RuntimeException e) {
                LOG.debug("Pool {}: {} was not registered any more", pool, name, e);
            }
        }
        registered.clear();
    }
}
