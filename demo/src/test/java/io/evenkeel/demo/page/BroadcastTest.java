package io.evenkeel.demo.page;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class BroadcastTest {
    private final Broadcast broadcast = new Broadcast();

    @Test
    void a_slow_viewer_gets_the_newest_state_and_none_twice() throws Exception {
        broadcast.publish("a");
        broadcast.publish("b");
        assertThat(broadcast.await(0, 0)).isEqualTo(new Broadcast.Version(2, "b"));
        assertThat(broadcast.await(2, 1)).isEqualTo(new Broadcast.Version(2, "b"));
    }

    @Test
    void those_who_wait_are_woken_by_the_end() {
        CompletableFuture<Boolean> ended = CompletableFuture.supplyAsync(() -> {
            try {
                return broadcast.await(0, TimeUnit.MINUTES.toNanos(1)) == null;
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        broadcast.close();
        assertThat(ended).succeedsWithin(10, TimeUnit.SECONDS).isEqualTo(true);
    }
}
