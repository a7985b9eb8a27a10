package io.evenkeel.micrometer;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.config.NamingConvention;
import io.micrometer.prometheusmetrics.PrometheusNamingConvention;

/** What Prometheus calls a meter. */
final class PrometheusName {
    private static final NamingConvention CONVENTION = new PrometheusNamingConvention();

    private PrometheusName() {}

    /** Of a timer, its count: the family has the suffixes _count, _sum and _max. */
    static String of(EvenkeelMeter meter) {
        String name = CONVENTION.name(meter.meterName(), meter.type(), meter.baseUnit());
        return switch (meter.type()) {
            case COUNTER -> name.endsWith("_total") ? name : name + "_total";
            case TIMER -> name + "_count";
            default -> name;
        };
    }

    static boolean isTimer(EvenkeelMeter meter) {
        return meter.type() == Meter.Type.TIMER;
    }
}
