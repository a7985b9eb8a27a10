package io.evenkeel.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.source.SharedResources.Lease;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SharedResourcesTest {

    private final SharedResources shared = new SharedResources();
    private int made;

    private static final class Resource implements AutoCloseable {
        int closed;

        @Override
        public void close() {
            closed++;
        }
    }

    private Lease<Resource> lease(String key) {
        return shared.lease(Resource.class, key, () -> {
            made++;
            return new Resource();
        });
    }

    @Test
    void leases_of_one_key_share_and_the_last_one_closes() {
        Lease<Resource> first = lease("a");
        Lease<Resource> second = lease("a");
        Resource resource = first.resource();
        assertThat(second.resource()).isSameAs(resource);

        first.close();
        first.close();
        assertThat(resource.closed).as("given back twice counts once").isZero();
        second.close();
        assertThat(resource.closed).isOne();
        assertThat(made).isOne();
    }

    @Test
    void another_key_and_whoever_comes_after_the_last_get_their_own() {
        Lease<Resource> a = lease("a");
        Lease<Resource> b = lease("b");
        assertThat(b.resource()).isNotSameAs(a.resource());

        a.close();
        Lease<Resource> later = lease("a");
        assertThat(later.resource()).isNotSameAs(a.resource());
        assertThat(later.resource().closed).isZero();
        assertThat(made).isEqualTo(3);
    }

    @Test
    void a_resource_that_cannot_be_closed_says_so_once() {
        Lease<AutoCloseable> lease = shared.lease(AutoCloseable.class, "x", () -> () -> {
            throw new java.io.IOException("on purpose");
        });
        assertThatThrownBy(lease::close)
                .isInstanceOf(IllegalStateException.class)
                .hasRootCauseMessage("on purpose");
        lease.close();
    }

    @Test
    void what_its_maker_throws_is_the_callers_and_leaves_nothing() {
        assertThatThrownBy(() -> shared.lease(Resource.class, "a", () -> {
                    throw new StackOverflowError("on purpose");
                }))
                .isInstanceOf(StackOverflowError.class);
        assertThat(lease("a").resource().closed).isZero();
    }

    @Test
    void makers_and_closes_run_under_no_lock_so_that_other_keys_do_not_wait_for_them() throws Exception {
        Thread[] other = new Thread[1];
        Runnable elsewhere = () -> {
            other[0] = new Thread(() -> lease("b").close());
            other[0].start();
            join(other[0]);
        };
        Lease<AutoCloseable> slow = shared.lease(AutoCloseable.class, "a", () -> {
            elsewhere.run();
            return elsewhere::run;
        });
        slow.close();
        assertThat(made).as("each of the two in time").isEqualTo(2);
    }

    private static void join(Thread thread) {
        try {
            thread.join(30_000);
            assertThat(thread.isAlive()).as("waits for a lock").isFalse();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Says if it is used before it is made or after it was closed, or made while another of its key is made. */
    private static final class Raced implements AutoCloseable {
        static final AtomicInteger making = new AtomicInteger();
        static final AtomicInteger open = new AtomicInteger();
        static final AtomicInteger wrong = new AtomicInteger();
        private volatile boolean closed;

        static Raced make(boolean fails) {
            if (making.incrementAndGet() != 1) {
                wrong.incrementAndGet();
            }
            Thread.yield();
            making.decrementAndGet();
            if (fails) {
                throw new IllegalStateException("on purpose");
            }
            open.incrementAndGet();
            return new Raced();
        }

        void use() {
            if (closed) {
                wrong.incrementAndGet();
            }
        }

        @Override
        public void close() {
            if (closed) {
                wrong.incrementAndGet();
            }
            closed = true;
            open.decrementAndGet();
        }
    }

    @Test
    void however_users_come_and_go_at_once_none_uses_what_is_closed_and_nothing_is_left() throws Exception {
        List<Thread> users = new ArrayList<>();
        AtomicInteger ended = new AtomicInteger();
        for (int user = 0; user < 4; user++) {
            int seed = user;
            users.add(new Thread(() -> {
                Random random = new Random(seed);
                for (int round = 0; round < 5_000; round++) {
                    try (Lease<Raced> lease =
                            shared.lease(Raced.class, "raced", () -> Raced.make(random.nextInt(4) == 0))) {
                        lease.resource().use();
                        Thread.yield();
                        lease.resource().use();
                    } catch (IllegalStateException onPurpose) {
                        Thread.yield();
                    }
                }
                ended.incrementAndGet();
            }));
        }
        users.forEach(Thread::start);
        for (Thread user : users) {
            user.join();
        }
        assertThat(ended).hasValue(4);
        assertThat(Raced.wrong).hasValue(0);
        assertThat(Raced.open).hasValue(0);
    }
}
