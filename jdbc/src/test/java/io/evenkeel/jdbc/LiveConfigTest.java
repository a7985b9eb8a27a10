package io.evenkeel.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.util.Credentials;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class LiveConfigTest {
    private final HikariConfig settings = sized();
    private final LiveConfig live = new LiveConfig(settings);
    private final List<Integer> sizes = new ArrayList<>();

    private static HikariConfig sized() {
        HikariConfig made = new HikariConfig();
        made.setMaximumPoolSize(10);
        return made;
    }

    LiveConfigTest() {
        live.onChange(changed -> sizes.add(changed.getMaximumPoolSize()));
    }

    @Test
    void a_change_is_kept_and_told_once() {
        live.setMaximumPoolSize(7);
        live.setMinimumIdle(3);
        assertThat(live.getMaximumPoolSize()).isEqualTo(7);
        assertThat(live.getMinimumIdle()).isEqualTo(3);
        assertThat(sizes).containsExactly(7, 7);
    }

    @Test
    void a_value_out_of_bounds_changes_and_tells_nothing() {
        assertThatThrownBy(() -> live.setMaximumPoolSize(0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> live.setConnectionTimeout(1)).isInstanceOf(IllegalArgumentException.class);
        assertThat(live.getMaximumPoolSize()).isEqualTo(10);
        assertThat(sizes).isEmpty();
    }

    @Test
    void after_a_refused_change_the_next_one_works() {
        assertThatThrownBy(() -> live.setMaximumPoolSize(-1)).isInstanceOf(IllegalArgumentException.class);
        live.setMaximumPoolSize(2);
        assertThat(sizes).containsExactly(2);
    }

    @Test
    void the_connection_timeout_counts_for_the_next_caller() {
        live.setConnectionTimeout(1_500);
        assertThat(live.getConnectionTimeout()).isEqualTo(1_500);
        assertThat(live.connectionTimeoutNanos()).isEqualTo(TimeUnit.MILLISECONDS.toNanos(1_500));
    }

    @Test
    void minimum_idle_defaults_to_the_whole_pool() {
        live.setMaximumPoolSize(6);
        assertThat(live.getMinimumIdle()).isEqualTo(6);
    }

    @Test
    void credentials_change_together_or_one_by_one() {
        assumeTrue(
                Arrays.stream(HikariConfig.class.getMethods())
                        .anyMatch(method -> method.getName().equals("getCredentials")),
                "HikariCP 5 has no Credentials");
        live.setCredentials(Credentials.of("ann", "first"));
        live.setPassword("second");
        assertThat(settings.getCredentials().getUsername()).isEqualTo("ann");
        assertThat(settings.getCredentials().getPassword()).isEqualTo("second");
        live.setUsername("bob");
        assertThat(settings.getCredentials().getUsername()).isEqualTo("bob");
        assertThat(settings.getCredentials().getPassword()).isEqualTo("second");
    }

    @Test
    void the_maximum_lifetime_is_fixed_and_the_message_says_where_to_set_it() {
        settings.setPoolName("orders");
        long before = live.getMaxLifetime();
        assertThatThrownBy(() -> live.setMaxLifetime(60_000))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageContaining("orders")
                .hasMessageContaining("60000")
                .hasMessageContaining("maxConnectionAge");
        assertThat(live.getMaxLifetime()).isEqualTo(before);
    }

    @Test
    void a_listener_may_change_settings_itself() {
        live.onChange(changed -> {
            if (changed.getMaximumPoolSize() > 5) {
                live.setMaximumPoolSize(5);
            }
        });
        live.setMaximumPoolSize(9);
        assertThat(live.getMaximumPoolSize()).isEqualTo(5);
    }
}
