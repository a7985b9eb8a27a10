package io.evenkeel.spring;

import io.evenkeel.amqp.ConsumerHandover;
import io.evenkeel.amqp.EvenkeelConnectionFactory;
import io.evenkeel.event.EvenkeelListener;
import io.evenkeel.micrometer.EvenkeelAmqpMetrics;
import io.evenkeel.micrometer.EvenkeelMetrics;
import java.util.Locale;
import org.springframework.beans.factory.ObjectProvider;

/** Applies the properties to a connection factory; the starters make it, each from its own line's configurers. */
public final class RabbitSettings {

    private RabbitSettings() {}

    /** @throws InvalidEvenkeelSettingException if a setting is refused */
    public static void apply(
            EvenkeelProperties properties,
            EvenkeelConnectionFactory to,
            PoolDirectory directory,
            ObjectProvider<EvenkeelMetrics> metrics,
            ObjectProvider<EvenkeelListener> listeners) {
        EvenkeelProperties.Rabbit from = properties.getRabbit();
        try {
            to.settings(from::applyTo);
            if (from.getConsumerHandover() != null) {
                to.setConsumerHandover(ConsumerHandover.valueOf(
                        from.getConsumerHandover().toUpperCase(Locale.ROOT).replace('-', '_')));
            }
            if (from.getAckHold() != null) {
                to.setAckHold(from.getAckHold());
            }
            if (from.getPublisherPause() != null) {
                to.setPublisherPause(from.getPublisherPause());
            }
            if (from.getServerName() != null) {
                to.setServerName(from.getServerName());
            }
        } catch (IllegalArgumentException refused) {
            throw new InvalidEvenkeelSettingException("the connections to RabbitMQ", "evenkeel.rabbit", refused);
        }
        to.setMetrics(directory);
        metrics.ifAvailable(known -> to.setAmqpMetrics(EvenkeelAmqpMetrics.of(known)));
        to.setListener(ListenerBeans.of(listeners));
    }
}
