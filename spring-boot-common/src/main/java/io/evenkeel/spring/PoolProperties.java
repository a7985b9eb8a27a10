package io.evenkeel.spring;

import io.evenkeel.adapter.PoolSettings;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The settings that the pools of all adapters have; what is not set keeps the adapter's default. */
public class PoolProperties {

    /** Whether it is balanced. */
    private boolean enabled = true;

    /**
     * Where the Pods are, such as k8s:///pg.default:5432 or dns:///pg-headless.default.svc:5432. By default from the
     * host that the application connects to.
     */
    private @Nullable String target;

    /** The pool's name in threads, messages and meters. */
    private @Nullable String name;

    /** Distinguishes this process from the others that use the same Pods. By default the host name. */
    private @Nullable String clientId;

    /** The topology zone of this process. By default EVENKEEL_ZONE, else the zone of a Pod on the same node. */
    private @Nullable String zone;

    /** The node of this process. By default EVENKEEL_NODE, else NODE_NAME. */
    private @Nullable String node;

    /** Over how long the moves of one plan are spread. */
    private @Nullable Duration moveWindow;

    /** How long a move waits for what is in the way before it is tried later. */
    private @Nullable Duration moveDeadline;

    /** How long the connections of a leaving Pod have; for JDBC, after how long those in use are reported. */
    private @Nullable Duration drainDeadline;

    /** Over how long the idle connections of a leaving Pod are retired. */
    private @Nullable Duration drainSpread;

    /** After how long a connection is replaced. Zero for never. */
    private @Nullable Duration maxConnectionAge;

    /** Over how long a Pod that joined grows to its full share. */
    private @Nullable Duration slowStart;

    /** How long closing waits for what is in use. */
    private @Nullable Duration closeTimeout;

    /** Whether the status is shown over JMX. */
    private boolean jmx = true;

    /** Sets what was set here. */
    void applyTo(PoolSettings settings) {
        set(target, settings::target);
        set(name, settings::name);
        set(clientId, settings::clientId);
        set(zone, settings::zone);
        set(node, settings::node);
        set(moveWindow, settings::moveWindow);
        set(moveDeadline, settings::moveDeadline);
        set(drainDeadline, settings::drainDeadline);
        set(drainSpread, settings::drainSpread);
        set(maxConnectionAge, settings::maxConnectionAge);
        set(slowStart, settings::slowStart);
        set(closeTimeout, settings::closeTimeout);
        settings.jmx(jmx);
    }

    private static <T> void set(@Nullable T value, Consumer<T> setter) {
        if (value != null) {
            setter.accept(value);
        }
    }

    public boolean isEnabled() {
        return enabled;
    }

    public void setEnabled(boolean value) {
        enabled = value;
    }

    public @Nullable String getTarget() {
        return target;
    }

    public void setTarget(@Nullable String value) {
        target = value;
    }

    public @Nullable String getName() {
        return name;
    }

    public void setName(@Nullable String value) {
        name = value;
    }

    public @Nullable String getClientId() {
        return clientId;
    }

    public void setClientId(@Nullable String value) {
        clientId = value;
    }

    public @Nullable String getZone() {
        return zone;
    }

    public void setZone(@Nullable String value) {
        zone = value;
    }

    public @Nullable String getNode() {
        return node;
    }

    public void setNode(@Nullable String value) {
        node = value;
    }

    public @Nullable Duration getMoveWindow() {
        return moveWindow;
    }

    public void setMoveWindow(@Nullable Duration value) {
        moveWindow = value;
    }

    public @Nullable Duration getMoveDeadline() {
        return moveDeadline;
    }

    public void setMoveDeadline(@Nullable Duration value) {
        moveDeadline = value;
    }

    public @Nullable Duration getDrainDeadline() {
        return drainDeadline;
    }

    public void setDrainDeadline(@Nullable Duration value) {
        drainDeadline = value;
    }

    public @Nullable Duration getDrainSpread() {
        return drainSpread;
    }

    public void setDrainSpread(@Nullable Duration value) {
        drainSpread = value;
    }

    public @Nullable Duration getMaxConnectionAge() {
        return maxConnectionAge;
    }

    public void setMaxConnectionAge(@Nullable Duration value) {
        maxConnectionAge = value;
    }

    public @Nullable Duration getSlowStart() {
        return slowStart;
    }

    public void setSlowStart(@Nullable Duration value) {
        slowStart = value;
    }

    public @Nullable Duration getCloseTimeout() {
        return closeTimeout;
    }

    public void setCloseTimeout(@Nullable Duration value) {
        closeTimeout = value;
    }

    public boolean isJmx() {
        return jmx;
    }

    public void setJmx(boolean value) {
        jmx = value;
    }
}
