package io.evenkeel.rsocket;

import io.evenkeel.endpoint.Target;
import org.jspecify.annotations.Nullable;

/** The target is not one, or no source on the class path understands it. Thrown when the client is built. */
public final class InvalidTargetException extends IllegalArgumentException {

    private static final long serialVersionUID = 1L;

    InvalidTargetException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }

    static Target parse(@Nullable String target) {
        if (target == null) {
            throw new InvalidTargetException(
                    "target: null (expected: where the Pods are, such as k8s:///orders.default:7000 or"
                            + " dns:///orders-headless.default.svc:7000)",
                    null);
        }
        try {
            return Target.parse(target);
        } catch (IllegalArgumentException e) {
            throw new InvalidTargetException(String.valueOf(e.getMessage()), e);
        }
    }
}
