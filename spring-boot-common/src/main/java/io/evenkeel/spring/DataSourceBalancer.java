package io.evenkeel.spring;

import com.zaxxer.hikari.HikariDataSource;
import io.evenkeel.jdbc.EvenkeelDataSource;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.framework.Advised;
import org.springframework.aop.scope.ScopedProxyUtils;
import org.springframework.beans.factory.config.DestructionAwareBeanPostProcessor;
import org.springframework.core.Ordered;
import org.springframework.core.PriorityOrdered;

/**
 * Replaces each HikariCP data source by a balanced one, after its properties and connection details were bound, before
 * anything else wraps it. HikariCP's own pool is never started.
 *
 * <p>Spring calls the destroy method of the bean that was replaced; the balanced one is closed just before, so that it
 * is closed at the same place in the order: after everything that depends on the data source.
 *
 * <p>The target of a scoped proxy stays as it is, since the proxy calls methods of its class; the proxy is replaced
 * instead.
 */
public class DataSourceBalancer implements DestructionAwareBeanPostProcessor, PriorityOrdered {

    private final Supplier<DataSourceFactory> factory;

    private final ReentrantLock lock = new ReentrantLock();
    /** Guarded by the lock: what is to be closed, by the bean that Spring destroys. */
    private final Map<Object, AutoCloseable> closing = new IdentityHashMap<>();

    DataSourceBalancer(Supplier<DataSourceFactory> factory) {
        this.factory = factory;
    }

    @Override
    public int getOrder() {
        return Ordered.HIGHEST_PRECEDENCE + 100;
    }

    @Override
    public Object postProcessAfterInitialization(Object bean, String beanName) {
        if (!(bean instanceof HikariDataSource hikari) || ScopedProxyUtils.isScopedTarget(beanName)) {
            return bean;
        }
        DataSourceFactory balanced = factory.get();
        if (!balanced.isWanted(beanName)) {
            return bean;
        }
        Replacement replacement = bean instanceof Advised proxy
                ? refreshing(balanced, beanName, proxy)
                : plain(balanced.build(beanName, hikari));
        if (replacement == null) {
            return bean;
        }
        lock.lock();
        try {
            closing.put(bean, replacement.close());
        } finally {
            lock.unlock();
        }
        return replacement.dataSource();
    }

    private record Replacement(Object dataSource, AutoCloseable close) {}

    private static @Nullable Replacement plain(@Nullable EvenkeelDataSource balanced) {
        return balanced == null ? null : new Replacement(balanced, balanced);
    }

    private static @Nullable Replacement refreshing(DataSourceFactory factory, String beanName, Advised proxy) {
        RefreshScopedDataSource balanced = RefreshScopedDataSource.over(factory, beanName, proxy);
        return balanced == null ? null : new Replacement(balanced, balanced);
    }

    @Override
    public boolean requiresDestruction(Object bean) {
        lock.lock();
        try {
            return closing.containsKey(bean);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void postProcessBeforeDestruction(Object bean, String beanName) {
        AutoCloseable balanced;
        lock.lock();
        try {
            balanced = closing.remove(bean);
        } finally {
            lock.unlock();
        }
        close(balanced);
    }

    private static void close(@Nullable AutoCloseable balanced) {
        if (balanced == null) {
            return;
        }
        try {
            balanced.close();
        } catch (Exception e) {
            throw new IllegalStateException("closing " + balanced + " failed", e);
        }
    }
}
