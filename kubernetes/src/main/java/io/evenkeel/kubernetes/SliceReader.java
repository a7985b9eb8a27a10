package io.evenkeel.kubernetes;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import io.evenkeel.kubernetes.ApiObject.ApiStatus;
import io.evenkeel.kubernetes.ApiObject.SliceList;
import io.evenkeel.kubernetes.ApiObject.WatchEvent;
import io.evenkeel.kubernetes.EndpointSlice.Entry;
import io.evenkeel.kubernetes.EndpointSlice.Port;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.Reader;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads slices as they come off the wire, and of each only what is used. Fields it doesn't know are skipped, so that a
 * newer API server is no reason to stop; null is the same as left out. What contradicts the API's types is an
 * {@link IOException}.
 *
 * <p>Nothing is kept between two objects, and no object is held as text or as a tree: a slice of a hundred Pods is some
 * fifty kilobytes of JSON, of which about a fifth is used.
 */
final class SliceReader implements Closeable {

    // An object has at most 1.5 MB in etcd, and a page at most 500 of them; far fewer are that large.
    private static final long MOST_CHARS = 256L << 20;
    private static final long MOST_EVENT_CHARS = 16L << 20;
    private static final int DEEPEST = 64;
    private static final int MOST_PORTS = 1_000;
    // The API allows 1,000.
    private static final int MOST_ENTRIES = 10_000;

    private final BoundedReader source;
    private final JsonReader json;

    SliceReader(Reader source) {
        this.source = new BoundedReader(source, MOST_CHARS);
        json = new JsonReader(this.source);
        json.setNestingLimit(DEEPEST);
        // A watch is one document after another, which only a lenient reader accepts.
        json.setStrictness(Strictness.LENIENT);
    }

    /** The next event of a watch, or null at its end. Blocks until there is one. */
    @Nullable
    WatchEvent nextEvent() throws IOException {
        return checked(() -> {
            source.restart(MOST_EVENT_CHARS);
            if (atEnd()) {
                return null;
            }
            String type = "";
            ApiObject object = null;
            json.beginObject();
            while (json.hasNext()) {
                switch (json.nextName()) {
                    case "type" -> type = string();
                    case "object" -> object = object();
                    default -> json.skipValue();
                }
            }
            json.endObject();
            if (type.isEmpty() || object == null) {
                throw new MalformedJsonException("an event without \"type\" or \"object\"");
            }
            return new WatchEvent(type, object);
        });
    }

    /** The one list that this is. */
    SliceList list() throws IOException {
        return checked(() -> {
            Metadata list = new Metadata();
            List<EndpointSlice> slices = new ArrayList<>();
            json.beginObject();
            while (json.hasNext()) {
                switch (json.nextName()) {
                    case "metadata" -> list = metadata();
                    case "items" -> array(() -> slices.add(object().slice()));
                    default -> json.skipValue();
                }
            }
            json.endObject();
            if (list.resourceVersion.isEmpty()) {
                throw new MalformedJsonException("a list without metadata.resourceVersion");
            }
            return new SliceList(list.resourceVersion, list.continuation, slices);
        });
    }

    /** The one object that this is. */
    ApiObject only() throws IOException {
        return checked(this::object);
    }

    private boolean atEnd() throws IOException {
        try {
            return json.peek() == JsonToken.END_DOCUMENT;
        } catch (EOFException nothingAtAll) {
            return true;
        }
    }

    private ApiObject object() throws IOException {
        String kind = "";
        String addressType = "";
        String reason = "";
        String message = "";
        int code = 0;
        Long retryAfter = null;
        Metadata metadata = new Metadata();
        List<Entry> endpoints = new ArrayList<>();
        List<Port> ports = new ArrayList<>();
        json.beginObject();
        while (json.hasNext()) {
            switch (json.nextName()) {
                case "kind" -> kind = string();
                case "metadata" -> metadata = metadata();
                case "addressType" -> addressType = string();
                case "endpoints" -> array(() -> addEntry(endpoints));
                case "ports" ->
                    array(() -> {
                        Port port = port();
                        if (ports.size() >= MOST_PORTS) {
                            throw new MalformedJsonException("more than " + MOST_PORTS + " ports in a slice");
                        }
                        ports.add(port);
                    });
                case "reason" -> reason = string();
                case "message" -> message = string();
                case "code" -> code = Math.toIntExact(number(0));
                case "details" -> retryAfter = retryAfter();
                default -> json.skipValue();
            }
        }
        json.endObject();
        EndpointSlice slice = new EndpointSlice(metadata.name, metadata.resourceVersion, addressType, endpoints, ports);
        return new ApiObject(kind, slice, new ApiStatus(code, reason, message, retryAfter));
    }

    private static final class Metadata {
        String name = "";
        String resourceVersion = "";
        String continuation = "";
    }

    private Metadata metadata() throws IOException {
        Metadata metadata = new Metadata();
        fields(name -> {
            switch (name) {
                case "name" -> metadata.name = string();
                case "resourceVersion" -> metadata.resourceVersion = string();
                case "continue" -> metadata.continuation = string();
                default -> json.skipValue();
            }
        });
        return metadata;
    }

    private @Nullable Long retryAfter() throws IOException {
        long[] seconds = {-1};
        fields(name -> {
            if (name.equals("retryAfterSeconds")) {
                seconds[0] = number(-1);
            } else {
                json.skipValue();
            }
        });
        return seconds[0] < 0 ? null : seconds[0];
    }

    /** What is known of an endpoint while it is being read. */
    private static final class Draft {
        @Nullable
        String address;

        @Nullable
        Boolean ready;

        @Nullable
        Boolean serving;

        @Nullable
        Boolean terminating;

        @Nullable
        String podName;

        @Nullable
        String podUid;

        @Nullable
        String nodeName;

        @Nullable
        String zone;

        final List<String> hintedZones = new ArrayList<>();
    }

    private void addEntry(List<Entry> entries) throws IOException {
        Draft draft = new Draft();
        fields(name -> readInto(draft, name));
        String address = draft.address;
        // The API requires one; an endpoint without is nowhere.
        if (address == null) {
            return;
        }
        if (entries.size() >= MOST_ENTRIES) {
            throw new MalformedJsonException("more than " + MOST_ENTRIES + " endpoints in a slice");
        }
        entries.add(new Entry(
                address,
                draft.ready == null || draft.ready,
                draft.serving == null || draft.serving,
                draft.terminating != null && draft.terminating,
                draft.podName,
                draft.podUid,
                draft.nodeName,
                draft.zone,
                draft.hintedZones));
    }

    private void readInto(Draft draft, String name) throws IOException {
        switch (name) {
            case "addresses" ->
                array(() -> {
                    String address = string();
                    draft.address = draft.address == null && !address.isEmpty() ? address : draft.address;
                });
            case "conditions" -> fields(condition -> readCondition(draft, condition));
            case "targetRef" ->
                fields(field -> {
                    switch (field) {
                        case "name" -> draft.podName = stringOrNull();
                        case "uid" -> draft.podUid = stringOrNull();
                        default -> json.skipValue();
                    }
                });
            case "nodeName" -> draft.nodeName = stringOrNull();
            case "zone" -> draft.zone = stringOrNull();
            case "hints" -> fields(hint -> readHints(draft, hint));
            default -> json.skipValue();
        }
    }

    private void readCondition(Draft draft, String condition) throws IOException {
        switch (condition) {
            case "ready" -> draft.ready = flag();
            case "serving" -> draft.serving = flag();
            case "terminating" -> draft.terminating = flag();
            default -> json.skipValue();
        }
    }

    private void readHints(Draft draft, String hint) throws IOException {
        if (!hint.equals("forZones")) {
            json.skipValue();
            return;
        }
        array(() -> fields(field -> {
            if (field.equals("name")) {
                addHint(draft, string());
            } else {
                json.skipValue();
            }
        }));
    }

    private static void addHint(Draft draft, String zone) throws IOException {
        // The API allows 8.
        if (draft.hintedZones.size() >= 64) {
            throw new MalformedJsonException("more than 64 hints of an endpoint");
        }
        draft.hintedZones.add(zone);
    }

    private Port port() throws IOException {
        String[] texts = {"", "TCP"};
        @Nullable Integer[] number = {null};
        fields(name -> {
            switch (name) {
                case "name" -> texts[0] = string();
                case "protocol" -> texts[1] = string();
                case "port" -> number[0] = portNumber();
                default -> json.skipValue();
            }
        });
        return new Port(texts[0], texts[1], number[0]);
    }

    /** What is no port is the slice's fault, which is for the mapper to find: here it only has to fit an int. */
    private @Nullable Integer portNumber() throws IOException {
        if (isNull()) {
            return null;
        }
        long number = json.nextLong();
        return (int) Math.max(-1, Math.min(number, 1 << 20));
    }

    /** Reads something, or throws. */
    private interface Reading<T extends @Nullable Object> {
        T read() throws IOException;
    }

    private interface Step {
        void run() throws IOException;
    }

    private interface Field {
        void read(String name) throws IOException;
    }

    /** Gson says by unchecked exceptions that a value has another type than was asked for. */
    private static <T extends @Nullable Object> T checked(Reading<T> reading) throws IOException {
        try {
            return reading.read();
        } catch (IllegalStateException | NumberFormatException | ArithmeticException unexpected) {
            throw new MalformedJsonException(String.valueOf(unexpected.getMessage()), unexpected);
        }
    }

    private boolean isNull() throws IOException {
        if (json.peek() == JsonToken.NULL) {
            json.nextNull();
            return true;
        }
        return false;
    }

    private void array(Step element) throws IOException {
        if (isNull()) {
            return;
        }
        json.beginArray();
        while (json.hasNext()) {
            element.run();
        }
        json.endArray();
    }

    private void fields(Field field) throws IOException {
        if (isNull()) {
            return;
        }
        json.beginObject();
        while (json.hasNext()) {
            field.read(json.nextName());
        }
        json.endObject();
    }

    private String string() throws IOException {
        return isNull() ? "" : json.nextString();
    }

    private @Nullable String stringOrNull() throws IOException {
        String text = string();
        return text.isEmpty() ? null : text;
    }

    private @Nullable Boolean flag() throws IOException {
        return isNull() ? null : json.nextBoolean();
    }

    private long number(long otherwise) throws IOException {
        return isNull() ? otherwise : json.nextLong();
    }

    @Override
    public void close() throws IOException {
        json.close();
    }
}
