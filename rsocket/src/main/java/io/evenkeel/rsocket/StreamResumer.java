package io.evenkeel.rsocket;

import io.rsocket.Payload;
import org.jspecify.annotations.Nullable;

/**
 * How one stream can be continued at another Pod, by code that knows what its elements mean. One per subscription; its
 * methods are called one at a time.
 */
public interface StreamResumer {

    /**
     * This element is about to be delivered: note where the stream has got to. The payload stays the subscriber's;
     * don't release or keep it.
     */
    void delivered(Payload payload);

    /**
     * The request for the elements after the last that was delivered, or null if the stream can't be continued: then
     * its subscriber gets the error. The payload is the client's from here on.
     */
    @Nullable
    Payload resume();
}
