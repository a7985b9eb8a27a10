package io.evenkeel.amqp;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class EvenkeelConnectionFactoryTest {

    @Test
    void a_clone_has_the_same_settings_and_from_then_on_its_own() {
        EvenkeelConnectionFactory factory = new EvenkeelConnectionFactory();
        factory.setClientId("client");
        factory.setMoveWindow(Duration.ofSeconds(1));
        factory.setBalance(balance -> balance.ownZone("a").holdDown(Duration.ZERO, Duration.ofSeconds(3)));
        EvenkeelConnectionFactory clone = factory.clone();
        assertThat(clone.balance()).isEqualTo(factory.balance());

        clone.setMoveWindow(Duration.ofSeconds(2));
        assertThat(clone.balance().moveWindow()).isEqualTo(Duration.ofSeconds(2));
        assertThat(factory.balance().moveWindow()).isEqualTo(Duration.ofSeconds(1));
    }
}
