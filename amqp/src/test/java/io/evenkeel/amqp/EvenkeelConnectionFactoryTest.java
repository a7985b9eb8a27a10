package io.evenkeel.amqp;

import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.Address;
import io.evenkeel.endpoint.Target;
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

    @Test
    void an_address_may_be_named_twice() {
        EvenkeelConnectionFactory factory = new EvenkeelConnectionFactory();
        Address one = new Address("10.0.0.1", 5672);
        Address other = new Address("10.0.0.2", 5672);
        assertThat(factory.config(List.of(one, other, one)).target())
                .isEqualTo(Target.parse("static:///10.0.0.1:5672,10.0.0.2:5672"));
        assertThat(factory.config(List.of(one, one)).target())
                .isEqualTo(factory.config(List.of(one)).target());
    }
}
