package io.evenkeel.amqp;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.adapter.PoolConfig;
import io.evenkeel.adapter.PoolSettings;
import io.evenkeel.source.HangingSourceProvider;
import io.evenkeel.spi.SeatPolicy;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A source whose calls never return holds up neither newConnection nor the end of its pool, and no other pool. */
@Timeout(60)
class HangingSourceTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final FakeCluster cluster = new FakeCluster();
    private final Placements placements = new Placements();

    @AfterEach
    void letGo() {
        HangingSourceProvider.letGo();
    }

    private Placements.Running pool(String target) {
        PoolConfig config =
                PoolSettings.movingWhole().target(target).clientId("client").toConfig(SeatPolicy.held(0));
        return placements.acquire(new Placements.Settings(config, AmqpMetrics.none()));
    }

    private VirtualConnection connect(Placements.Running pool) throws Exception {
        VirtualConnection connection = pool.placement().connect(cluster.dialer(), PATIENCE);
        assertThat(connection.isOpen()).isTrue();
        return connection;
    }

    @Test
    void a_source_that_never_returns_holds_up_neither_opening_nor_closing_nor_another_pool() throws Exception {
        Placements.Running hung = pool("hanging:///127.0.0.1:1");
        VirtualConnection first = connect(hung);
        VirtualConnection second = connect(pool("static:///127.0.0.1:2"));

        // One more use, so that the pool ends here and not on a thread of its own.
        assertThat(pool("hanging:///127.0.0.1:1")).isSameAs(hung);
        first.abort();
        placements.release(hung);

        VirtualConnection third = connect(pool("static:///127.0.0.1:3"));
        assertThat(HangingSourceProvider.hanging()).as("calls that hang").isPositive();
        second.close();
        third.close();
    }
}
