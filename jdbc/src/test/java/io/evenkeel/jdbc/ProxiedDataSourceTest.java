package io.evenkeel.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.sql.Connection;
import java.util.Arrays;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReference;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.cglib.proxy.Enhancer;
import org.springframework.cglib.proxy.MethodInterceptor;

/** Proxies that frameworks put in front of a data source, and the threads that an application's factory makes for one. */
@Timeout(60)
class ProxiedDataSourceTest {

    /** As {@code @RefreshScope} has it: a subclass by CGLIB, and a target that is closed and made anew. */
    @Test
    void a_proxy_by_cglib_leads_to_the_target_that_is_current() throws Exception {
        AtomicReference<EvenkeelDataSource> target = new AtomicReference<>(open("before"));
        MethodInterceptor toTarget = (proxy, method, arguments, original) -> original.invoke(target.get(), arguments);
        EvenkeelDataSource proxy = (EvenkeelDataSource) Enhancer.create(EvenkeelDataSource.class, toTarget);
        assertThat(proxy.name()).isEqualTo("before");
        try (Connection connection = proxy.getConnection()) {
            assertThat(connection.isValid(1)).isTrue();
        }
        target.getAndSet(open("after")).close();
        assertThat(proxy.name()).isEqualTo("after");
        assertThat(proxy.isClosed()).isFalse();
        try (Connection connection = proxy.getConnection()) {
            assertThat(connection.isValid(1)).isTrue();
        }
        assertThat(proxy.status().pool()).isEqualTo("after");
        assertThat(proxy.config().getMaximumPoolSize()).isEqualTo(2);
        proxy.close();
        assertThat(target.get().isClosed()).isTrue();
    }

    /** A subclass can't pass on what is final, and would answer from its own fields instead. */
    @Test
    void every_public_method_can_be_intercepted() {
        assertThat(Arrays.stream(EvenkeelDataSource.class.getDeclaredMethods())
                        .filter(method -> Modifier.isPublic(method.getModifiers()))
                        .filter(method -> !Modifier.isStatic(method.getModifiers()))
                        .filter(method -> Modifier.isFinal(method.getModifiers()))
                        .map(Method::getName))
                .isEmpty();
    }

    @Test
    void the_threads_that_connect_and_keep_house_are_the_applications_and_end_with_the_pool() throws Exception {
        Queue<Thread> made = new ConcurrentLinkedQueue<>();
        HikariConfig config = new HikariConfig();
        config.setThreadFactory(task -> {
            Thread thread = new Thread(task, "of-the-application");
            thread.setDaemon(true);
            made.add(thread);
            return thread;
        });
        Queue<Thread> dialled = new ConcurrentLinkedQueue<>();
        try (EvenkeelDataSource dataSource = open("threads", config, dialled)) {
            dataSource.getConnection().close();
        }
        assertThat(dialled).isNotEmpty();
        assertThat(made).containsAll(dialled);
        for (Thread thread : made) {
            thread.join(20_000);
            assertThat(thread.isAlive()).isFalse();
        }
    }

    private static EvenkeelDataSource open(String name) {
        return open(name, new HikariConfig(), new ConcurrentLinkedQueue<>());
    }

    private static EvenkeelDataSource open(String name, HikariConfig config, Queue<Thread> dialled) {
        config.setMaximumPoolSize(2);
        JdbcDataSource h2 = new JdbcDataSource();
        h2.setURL("jdbc:h2:mem:proxied;DB_CLOSE_DELAY=-1");
        return EvenkeelDataSource.builder()
                .hikari(config)
                .name(name)
                .target("static:///127.0.0.1:1")
                .connections(endpoint -> {
                    // asked for at the first dial, on its thread
                    dialled.add(Thread.currentThread());
                    return h2;
                })
                .build();
    }
}
