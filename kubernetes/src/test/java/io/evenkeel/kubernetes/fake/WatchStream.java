package io.evenkeel.kubernetes.fake;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import mockwebserver3.MockResponseBody;
import okio.BufferedSink;
import org.jspecify.annotations.Nullable;

/**
 * The body of one watch: lines as they happen, each sent at once, until the watch's {@code timeoutSeconds} are over or a test
 * ends it. Thread-safe.
 *
 * <p>That the client has gone is found out with the next line, as a real server does.
 */
public final class WatchStream implements MockResponseBody {

    private static final String END = "";

    private final ApiRequest request;
    private final boolean chunked;
    private final AtomicLong sent;
    private final Consumer<WatchStream> ended;
    private final BlockingQueue<String> pieces = new LinkedBlockingQueue<>();

    WatchStream(ApiRequest request, AtomicLong sent, Consumer<WatchStream> ended) {
        this.request = request;
        this.sent = sent;
        // HTTP/2 has frames instead; in HTTP/1.1 the body writes its own chunks.
        this.chunked = request.protocol().startsWith("HTTP/1");
        this.ended = ended;
    }

    /** What was asked for. */
    public ApiRequest request() {
        return request;
    }

    /** The {@code timeoutSeconds} that the client chose, or 0. */
    public long timeoutSeconds() {
        return Long.parseLong(request.query().getOrDefault("timeoutSeconds", "0"));
    }

    /** Sends an event. */
    void event(String type, JsonObject object) {
        JsonObject event = new JsonObject();
        event.addProperty("type", type);
        event.add("object", object);
        text(Json.line(event) + "\n");
    }

    /** Sends text as it is: an event needs a line feed at its end. */
    public void text(String text) {
        if (text.isEmpty()) {
            throw new IllegalArgumentException("text: empty (expected: a line, or a part of one)");
        }
        pieces.add(text);
        sent.incrementAndGet();
    }

    /** Ends it in good order. */
    public void end() {
        pieces.add(END);
        sent.incrementAndGet();
    }

    boolean isChunked() {
        return chunked;
    }

    @Override
    public long getContentLength() {
        return -1;
    }

    @Override
    public void writeTo(BufferedSink sink) throws IOException {
        try {
            // Otherwise the headers wait for the first event.
            sink.flush();
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(timeoutSeconds());
            String piece = next(deadline);
            while (piece != null && !piece.equals(END)) {
                write(sink, piece);
                piece = next(deadline);
            }
            if (chunked) {
                // The empty line after it is the server's.
                sink.writeUtf8("0\r\n");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while a watch was open", e);
        } finally {
            ended.accept(this);
        }
    }

    private @Nullable String next(long deadline) throws InterruptedException {
        return timeoutSeconds() == 0
                ? pieces.take()
                : pieces.poll(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
    }

    private void write(BufferedSink sink, String piece) throws IOException {
        byte[] bytes = piece.getBytes(StandardCharsets.UTF_8);
        if (chunked) {
            sink.writeHexadecimalUnsignedLong(bytes.length).writeUtf8("\r\n");
        }
        sink.write(bytes);
        if (chunked) {
            sink.writeUtf8("\r\n");
        }
        sink.flush();
    }
}
