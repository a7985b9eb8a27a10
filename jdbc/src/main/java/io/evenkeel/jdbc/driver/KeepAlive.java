package io.evenkeel.jdbc.driver;

import java.io.IOException;
import java.net.SocketOption;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has the operating system ask a silent peer whether it is there. A host that vanishes without a FIN or a reset is
 * noticed by nothing else while a connection is idle: after 30 s of silence, a probe every 10 s, and after the third
 * without an answer the connection is reset, which the next look at it shows. A request that is under way when the
 * host vanishes is bounded by the driver's own {@code socketTimeout}, not by this.
 */
final class KeepAlive {
    private static final Logger LOG = LoggerFactory.getLogger(KeepAlive.class);

    /** By name, since the platform may lack them, and a run-time image the module that declares them. */
    private static final Map<String, Integer> TIMES =
            Map.of("TCP_KEEPIDLE", 30, "TCP_KEEPINTERVAL", 10, "TCP_KEEPCOUNT", 3);

    private KeepAlive() {}

    /** Before the driver sets options of its own, which so prevail. */
    static void apply(SocketChannel channel) {
        try {
            channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
            for (SocketOption<?> option : channel.supportedOptions()) {
                Integer value = TIMES.get(option.name());
                if (value != null && option.type() == Integer.class) {
                    set(channel, option, value);
                }
            }
        } catch (IOException | UnsupportedOperationException e) {
            LOG.debug("{}: TCP keepalive could not be set", channel, e);
        }
    }

    @SuppressWarnings("unchecked") // its type is Integer
    private static void set(SocketChannel channel, SocketOption<?> option, Integer value) throws IOException {
        channel.setOption((SocketOption<Integer>) option, value);
    }
}
