package io.evenkeel.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.endpoint.InvalidTargetException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PodTargetTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = ' ',
            value = {
                "k8s:///orders.default:grpc orders.default",
                "k8s:///orders.default:50051 orders.default:50051",
                "k8s:///orders orders",
                "dns:///orders-headless.default.svc:50051 orders-headless.default.svc:50051",
                "static:///10.0.0.1:50051,10.0.0.2:50051 10.0.0.1:50051",
                "file:///etc/evenkeel/orders.json orders",
                "fallback:///k8s:///orders.default:grpc%7Cdns:///orders:50051 orders.default",
            })
    void the_authority_is_the_services_name(String text, String authority) {
        assertThat(PodTarget.parse(text, text.substring(0, text.indexOf(':'))).authority())
                .isEqualTo(authority);
    }

    @Test
    void options_are_read_and_others_are_refused() {
        PodTarget target =
                PodTarget.parse("k8s:///orders.default:grpc?service-config=/etc/a%20b.json&authority=o", "k8s");
        assertThat(target.target()).hasToString("k8s:///orders.default:grpc");
        assertThat(target.serviceConfig()).isEqualTo(Path.of("/etc/a b.json"));
        assertThat(target.authority()).isEqualTo("o");

        assertThatThrownBy(() -> PodTarget.parse("k8s:///orders?policy=x", "k8s"))
                .isInstanceOf(InvalidTargetException.class)
                .hasMessageContaining("option: \"policy\"")
                .hasMessageContaining("expected: no option but service-config and authority");
    }
}
