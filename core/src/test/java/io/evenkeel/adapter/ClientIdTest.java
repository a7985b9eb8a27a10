package io.evenkeel.adapter;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.UnknownHostException;
import java.util.Map;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;

class ClientIdTest {
    private static final Map<String, String> NOTHING = Map.of();
    private static final Callable<String> NAMELESS = () -> {
        throw new UnknownHostException("no such host");
    };

    @Test
    void a_pods_name_comes_first() {
        assertThat(ClientId.of(Map.of("HOSTNAME", "orders-7d9f")::get, () -> "node-3", () -> 7))
                .isEqualTo("orders-7d9f");
    }

    @Test
    void without_it_the_hosts_name_is_taken() {
        assertThat(ClientId.of(NOTHING::get, () -> "desk", () -> 7)).isEqualTo("desk");
        assertThat(ClientId.of(Map.of("HOSTNAME", " ")::get, () -> "desk", () -> 7))
                .isEqualTo("desk");
    }

    @Test
    void a_host_without_a_name_of_its_own_gets_a_random_one() {
        assertThat(ClientId.of(NOTHING::get, () -> "localhost", () -> 255)).isEqualTo("client-ff");
        assertThat(ClientId.of(NOTHING::get, NAMELESS, () -> -1)).isEqualTo("client-ffffffffffffffff");
    }

    @Test
    void this_process_has_one() {
        assertThat(ClientId.ofThisProcess()).isNotBlank();
    }
}
