package io.evenkeel.jdbc.pool;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.spi.EndpointSignals;
import java.time.Duration;

/** For tests without a rebalancer. */
final class SilentSignals implements EndpointSignals {
    @Override
    public void opened(EndpointKey endpoint, Duration took) {}

    @Override
    public void closed(EndpointKey endpoint) {}

    @Override
    public void failed(EndpointKey endpoint, Throwable cause) {}

    @Override
    public void succeeded(EndpointKey endpoint) {}
}
