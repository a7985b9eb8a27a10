package io.evenkeel.endpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HostSyntaxTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "10.0.0.1", "255.255.255.255", "0.0.0.0", "::1", "fd00::7", "::ffff:10.0.0.1", "fe80::1%eth0",
                "2001:db8:0:0:0:0:0:1", "pg", "pg-0.pg.default.svc.cluster.local", "pg.example.com.", "a1", "1a",
                        "3com.com",
                "xn--bcher-kva.example", "A.B", "0x7g"
            })
    void addresses_and_names_are_hosts(String host) {
        assertThat(HostSyntax.isHost(host)).isTrue();
        assertThat(Endpoint.of(host, 5432).host()).isEqualTo(host);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "127.0.0.1?user=evil",
                "127.0.0.1;x",
                "a b",
                "a\nb",
                "a/b",
                "a@b",
                "a#b",
                "a%b",
                "a_b",
                "a,b",
                "a&b",
                "[::1]",
                "-a",
                "a-",
                "a..b",
                ".a",
                ".",
                "a.-b",
                "127.1",
                "1",
                "0x7f000001",
                "0x7f.0x1",
                "010.0.0.1",
                "256.1.1.1",
                "1.2.3.4.5",
                "1.2.3.",
                "1::2::3",
                ":",
                "::g",
                "::1%",
                "::1%a b",
                "::1%" + "aaaaaaaaaaaaaaaa",
                "::1/64",
                "12345::1",
                "\u0430pple.com",
                "a\u202eb",
                "\u0000",
                "1\uff0e2.3.4",
                "\u0661.1.1.1"
            })
    void everything_else_is_none(String host) {
        assertThat(HostSyntax.isHost(host)).isFalse();
        assertThatThrownBy(() -> Endpoint.of("id", host, 5432))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("host: \"")
                .hasMessageEndingWith("(expected: " + HostSyntax.EXPECTED + ")");
    }

    @Test
    void a_name_has_at_most_253_characters_in_labels_of_at_most_63() {
        String label = "a".repeat(63);
        String longest = String.join(".", label, label, label, "a".repeat(61));
        assertThat(HostSyntax.isHost(longest)).isTrue();
        assertThat(HostSyntax.isHost(longest + ".")).as("with the root's dot").isTrue();
        assertThat(HostSyntax.isHost(longest + "a")).isFalse();
        assertThat(HostSyntax.isHost("a".repeat(64))).isFalse();
        assertThat(HostSyntax.isHost("a".repeat(5000))).isFalse();
    }

    @Test
    void names_are_bounded_and_free_of_control_characters() {
        Endpoint endpoint = Endpoint.of("10.0.0.1", 5432);
        for (String name : List.of("", " ", "a\nb", "a\u0000", "a\u202eb", "a\u2028", "a".repeat(600))) {
            assertThatThrownBy(() -> endpoint.withZone(name)).hasMessageStartingWith("zone: \"");
            assertThatThrownBy(() -> endpoint.withNode(name)).hasMessageStartingWith("node: \"");
            assertThatThrownBy(() -> Endpoint.of(name, "10.0.0.1", 1)).hasMessageStartingWith("identity: \"");
        }
    }

    @Test
    void what_is_shown_is_short_and_harmless() {
        assertThat(HostSyntax.shown("a\nb\u202ec")).isEqualTo("\"a\\u000ab\\u202ec\"");
        assertThat(HostSyntax.shown("x".repeat(5000))).isEqualTo("\"" + "x".repeat(80) + "…\" (5000 characters)");
    }

    @Test
    void a_set_is_bounded() {
        List<Endpoint> many = java.util.stream.IntStream.rangeClosed(1, EndpointSet.MOST + 1)
                .mapToObj(i -> Endpoint.of("10." + (i >> 16) + "." + (i >> 8 & 255) + "." + (i & 255), 1))
                .toList();
        assertThatThrownBy(() -> EndpointSet.of(1, many))
                .hasMessage("endpoints: 20001 (expected: at most 20000 behind one target)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"static:///a\nb:1", "static:///\u0000", "a b:///x"})
    void a_target_has_no_control_characters(String text) {
        assertThatThrownBy(() -> Target.parse(text)).hasMessageStartingWith("target: \"");
    }
}
