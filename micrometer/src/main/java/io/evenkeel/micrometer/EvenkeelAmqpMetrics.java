package io.evenkeel.micrometer;

import io.evenkeel.amqp.AmqpMetrics;
import io.evenkeel.endpoint.EndpointKey;
import java.time.Duration;

/**
 * What only the AMQP adapter counts: roll-backs, pauses and recoveries. A class of its own, since it needs that
 * adapter.
 */
public final class EvenkeelAmqpMetrics implements AmqpMetrics {
    private final MeterSource meters;

    private EvenkeelAmqpMetrics(MeterSource meters) {
        this.meters = meters;
    }

    /** For {@code EvenkeelConnectionFactory.setAmqpMetrics}, beside {@code setMetrics(metrics)}. */
    public static EvenkeelAmqpMetrics of(EvenkeelMetrics metrics) {
        return new EvenkeelAmqpMetrics(metrics.meters());
    }

    @Override
    public void rolledBack(String pool, EndpointKey from, EndpointKey to, String reason) {
        meters.counter(EvenkeelMeter.MOVES_ROLLED_BACK, pool, to).increment();
    }

    @Override
    public void publisherPaused(String pool, Duration pause) {
        meters.timer(EvenkeelMeter.PUBLISHER_PAUSE, pool, null).record(pause);
    }

    @Override
    public void consumerGap(String pool, Duration gap) {
        meters.timer(EvenkeelMeter.CONSUMER_GAP, pool, null).record(gap);
    }

    @Override
    public void recovered(String pool, EndpointKey to, Duration took) {
        meters.timer(EvenkeelMeter.RECOVERY, pool, to).record(took);
    }
}
