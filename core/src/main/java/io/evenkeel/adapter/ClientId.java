package io.evenkeel.adapter;

import io.evenkeel.time.Seeds;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What tells this process from the others that use the same endpoints, where nothing is configured: {@code HOSTNAME}
 * (in Kubernetes the Pod's name), else the host's name, else something random, which then changes with each start.
 */
public final class ClientId {

    private static final Logger LOG = LoggerFactory.getLogger(ClientId.class);

    private ClientId() {}

    /**
     * This process's id; not blank, and always the same. Looks up the host's own name the first time, so it may take a
     * moment. Thread-safe.
     */
    public static String ofThisProcess() {
        return OfThisProcess.ID;
    }

    /** Found when it is first asked for. */
    private static final class OfThisProcess {
        static final String ID =
                of(System::getenv, () -> InetAddress.getLocalHost().getHostName(), Seeds::fresh);
    }

    static String of(Function<String, @Nullable String> environment, Callable<String> hostName, LongSupplier random) {
        String variable = environment.apply("HOSTNAME");
        if (variable != null && !variable.isBlank()) {
            return variable;
        }
        try {
            String host = hostName.call();
            if (!host.isBlank() && !host.equals("localhost")) {
                return host;
            }
        } catch (UnknownHostException e) {
            LOG.debug("This host has no name", e);
        } catch (Exception e) {
            LOG.warn("This host's name cannot be found out", e);
        }
        String id = "client-" + Long.toHexString(random.getAsLong());
        LOG.info("This host has no name of its own: the client id is {}", id);
        return id;
    }
}
