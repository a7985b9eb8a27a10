package io.evenkeel.amqp;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class EvenkeelConnectionFactoryTest {

    @Test
    void a_clone_has_the_same_settings_and_from_then_on_its_own() {
        EvenkeelConnectionFactory factory = new EvenkeelConnectionFactory();
        factory.setClientId("client");
        factory.setMoveWindow(Duration.ofSeconds(1));
        factory.setBalance(balance -> balance.zone("a").holdDown(Duration.ZERO, Duration.ofSeconds(3)));
        EvenkeelConnectionFactory clone = factory.clone();
        factory.setTarget("static:///10.0.0.1:5672");
        clone.setTarget("static:///10.0.0.1:5672");
        assertThat(clone.config(List.of())).isEqualTo(factory.config(List.of()));

        clone.setMoveWindow(Duration.ofSeconds(2));
        assertThat(clone.config(List.of()).balance().moveWindow()).isEqualTo(Duration.ofSeconds(2));
        assertThat(factory.config(List.of()).balance().moveWindow()).isEqualTo(Duration.ofSeconds(1));
    }
}
