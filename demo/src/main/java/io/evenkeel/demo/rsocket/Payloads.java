package io.evenkeel.demo.rsocket;

import io.rsocket.Payload;
import io.rsocket.util.DefaultPayload;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** The payloads that the servers here understand and send. */
public final class Payloads {
    private Payloads() {}

    /** A request without metadata. */
    public static Payload text(String data) {
        return DefaultPayload.create(data);
    }

    /** Asks for a stream of so many elements, so many milliseconds apart; 0: as fast as they are requested. */
    public static Payload stream(long count, long periodMillis) {
        return text(new StreamRequest(count, periodMillis).toString());
    }

    /** The name of the Pod that answered. */
    public static String podOf(Payload answer) {
        return answer.getMetadataUtf8();
    }

    static Payload answer(ByteBuffer data, String pod) {
        return DefaultPayload.create(data, ByteBuffer.wrap(pod.getBytes(StandardCharsets.UTF_8)));
    }

    static Payload answer(String data, String pod) {
        return DefaultPayload.create(data, pod);
    }
}
