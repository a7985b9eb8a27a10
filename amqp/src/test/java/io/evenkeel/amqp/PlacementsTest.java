package io.evenkeel.amqp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.adapter.PoolConfig;
import io.evenkeel.adapter.PoolSettings;
import io.evenkeel.spi.SeatPolicy;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PlacementsTest {

    private final Placements placements = new Placements();
    private final FakeCluster cluster = new FakeCluster();

    private static Placements.Settings settings() {
        return settings("static:///10.0.0.1:5672");
    }

    private static Placements.Settings settings(String name) {
        PoolConfig config = PoolSettings.movingWhole()
                .target(name)
                .name("test")
                .clientId("client")
                .toConfig(SeatPolicy.held(0));
        return new Placements.Settings(config, AmqpMetrics.none());
    }

    @Test
    void a_factory_can_be_used_again_right_after_its_last_connection_closed() throws Exception {
        for (int i = 0; i < 20; i++) {
            Placements.Running pool = placements.acquire(settings());
            VirtualConnection connection = pool.placement().connect(cluster.dialer(), Duration.ofSeconds(30));
            assertThat(connection.isOpen()).isTrue();
            if (i % 2 == 0) {
                connection.close();
            } else {
                connection.abort();
            }
            // Whether the next one finds the pool that is about to end, or begins another, is a matter of luck.
        }
        assertThat(cluster.connections).hasSize(20).noneMatch(FakeConnection::isOpen);
    }

    @Test
    void a_failed_connection_releases_the_pool_and_the_next_works() throws Exception {
        FakeCluster.FakeDialer dialer = (FakeCluster.FakeDialer) cluster.dialer();
        cluster.fault = (broker, operation) -> {
            throw new IOException("connection refused");
        };
        Placements.Running first = placements.acquire(settings());
        assertThatThrownBy(() -> first.placement().connect(dialer, Duration.ofSeconds(30)))
                .isInstanceOf(IOException.class);
        cluster.fault = (broker, operation) -> {};
        VirtualConnection connection =
                placements.acquire(settings()).placement().connect(dialer, Duration.ofSeconds(30));
        assertThat(connection.isOpen()).isTrue();
        connection.close();
    }

    @Test
    void a_pool_lives_while_any_of_its_connections_does() throws Exception {
        Placements.Running pool = placements.acquire(settings());
        VirtualConnection first = pool.placement().connect(cluster.dialer(), Duration.ofSeconds(30));
        Placements.Running same = placements.acquire(settings());
        assertThat(same).isSameAs(pool);
        VirtualConnection second = same.placement().connect(cluster.dialer(), Duration.ofSeconds(30));
        first.close();
        first.abort();
        assertThat(placements.acquire(settings())).isSameAs(pool);
        placements.release(pool);
        second.close();
    }

    @Test
    void a_target_that_its_source_refuses_leaves_nothing_behind() {
        assertThatThrownBy(() -> placements.acquire(settings("static:///no-port")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no-port");
        assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .doesNotContain("evenkeel-test-control");
    }
}
