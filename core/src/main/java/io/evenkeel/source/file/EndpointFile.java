package io.evenkeel.source.file;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointCondition;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.endpoint.EndpointSet;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The format of {@link FileSourceProvider}'s files. Every complaint begins with the path of the field. */
public final class EndpointFile {

    private EndpointFile() {}

    // Eight hundred bytes for each of as many endpoints as there may be.
    static final int MOST_BYTES = 16 << 20;
    private static final int DEEPEST = 32;

    /**
     * Reads a file's bytes, after a look at its size: a huge file costs nothing.
     *
     * @throws NoSuchFileException if there is none
     * @throws IOException if it cannot be read
     * @throws IllegalArgumentException if it is too large, or no file
     */
    public static byte[] read(Path file) throws IOException {
        BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
        if (!attributes.isRegularFile()) {
            throw new IllegalArgumentException(
                    "type: " + (attributes.isDirectory() ? "a directory" : "a device or pipe") + " (expected: a file)");
        }
        requireSize(attributes.size());
        try (InputStream in = Files.newInputStream(file)) {
            byte[] content = in.readNBytes(MOST_BYTES + 1);
            // It may have grown since.
            requireSize(content.length);
            return content;
        }
    }

    private static void requireSize(long bytes) {
        if (bytes > MOST_BYTES) {
            throw new IllegalArgumentException("size: " + bytes + " bytes (expected: at most " + MOST_BYTES + ")");
        }
    }

    /**
     * Understands a file's content.
     *
     * @throws CharacterCodingException if it is not UTF-8
     * @throws IllegalArgumentException if it is not valid; the message says where and what was expected
     */
    public static List<Endpoint> parse(byte[] content) throws CharacterCodingException {
        return parse(StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(content))
                .toString());
    }

    /**
     * Understands a file's text.
     *
     * @throws IllegalArgumentException if it is not valid; the message says where and what was expected
     */
    public static List<Endpoint> parse(String text) {
        JsonElement root = parseStrictly(text);
        if (!root.isJsonObject()) {
            throw wrong("$", root, "an object with \"endpoints\"");
        }
        JsonElement list = root.getAsJsonObject().get("endpoints");
        if (list == null || !list.isJsonArray()) {
            throw wrong("endpoints", list, "a list");
        }
        Map<EndpointKey, Endpoint> endpoints = new LinkedHashMap<>();
        JsonArray items = list.getAsJsonArray();
        if (items.size() > EndpointSet.MOST) {
            throw new IllegalArgumentException(
                    "endpoints: " + items.size() + " (expected: at most " + EndpointSet.MOST + ")");
        }
        for (int i = 0; i < items.size(); i++) {
            String path = "endpoints[" + i + "]";
            Endpoint endpoint = endpoint(path, items.get(i));
            if (endpoints.put(endpoint.key(), endpoint) != null) {
                throw new IllegalArgumentException(path + ": " + endpoint.key() + " twice (expected: once)");
            }
        }
        return List.copyOf(endpoints.values());
    }

    /** Writes what {@link #parse} reads; hints are not part of the format. */
    public static String format(List<Endpoint> endpoints) {
        JsonArray items = new JsonArray();
        for (Endpoint endpoint : endpoints) {
            JsonObject item = new JsonObject();
            item.addProperty("id", endpoint.identity());
            item.addProperty("host", endpoint.host());
            item.addProperty("port", endpoint.port());
            addIfKnown(item, "zone", endpoint.zone());
            addIfKnown(item, "node", endpoint.node());
            item.addProperty("weight", endpoint.weight());
            item.addProperty("condition", endpoint.condition().name());
            items.add(item);
        }
        JsonObject root = new JsonObject();
        root.add("endpoints", items);
        return root + System.lineSeparator();
    }

    private static void addIfKnown(JsonObject item, String field, @Nullable String value) {
        if (value != null) {
            item.addProperty(field, value);
        }
    }

    private static JsonElement parseStrictly(String text) {
        try (JsonReader reader = new JsonReader(new StringReader(text))) {
            reader.setStrictness(Strictness.STRICT);
            reader.setNestingLimit(DEEPEST);
            if (text.isBlank()) {
                throw new IllegalArgumentException("$: nothing (expected: an object with \"endpoints\")");
            }
            JsonElement root = element(reader);
            if (reader.peek() != JsonToken.END_DOCUMENT) {
                throw new IllegalArgumentException("$: more follows after the object (expected: nothing)");
            }
            return root;
        } catch (IOException invalid) {
            throw new IllegalArgumentException("not valid JSON: " + reasonOf(invalid), invalid);
        }
    }

    /** As Gson's own reading into a tree, but it refuses what Gson lets the last one win: one name with two values. */
    private static JsonElement element(JsonReader reader) throws IOException {
        switch (reader.peek()) {
            case BEGIN_OBJECT -> {
                return object(reader);
            }
            case BEGIN_ARRAY -> {
                JsonArray array = new JsonArray();
                reader.beginArray();
                while (reader.hasNext()) {
                    array.add(element(reader));
                }
                reader.endArray();
                return array;
            }
            case STRING -> {
                return new JsonPrimitive(reader.nextString());
            }
            case NUMBER -> {
                return new JsonPrimitive(new BigDecimal(reader.nextString()));
            }
            case BOOLEAN -> {
                return new JsonPrimitive(reader.nextBoolean());
            }
            default -> {
                reader.nextNull();
                return JsonNull.INSTANCE;
            }
        }
    }

    private static JsonObject object(JsonReader reader) throws IOException {
        JsonObject object = new JsonObject();
        reader.beginObject();
        while (reader.hasNext()) {
            String path = reader.getPath();
            String name = reader.nextName();
            if (object.has(name)) {
                throw new IllegalArgumentException(path + ": \"" + name + "\" twice (expected: once)");
            }
            object.add(name, element(reader));
        }
        reader.endObject();
        return object;
    }

    /** Where it went wrong, without the parser's advice to its own callers. */
    private static String reasonOf(Exception invalid) {
        String message = String.valueOf(invalid.getMessage());
        return message.lines()
                .findFirst()
                .orElse(message)
                .replace("Use JsonReader.setStrictness(Strictness.LENIENT) to accept malformed JSON", "malformed");
    }

    private static Endpoint endpoint(String path, JsonElement element) {
        if (!element.isJsonObject()) {
            throw wrong(path, element, "an object with \"host\" and \"port\"");
        }
        JsonObject object = element.getAsJsonObject();
        String host = string(path, object, "host");
        if (host == null) {
            throw wrong(path + ".host", null, "a string, an address or a name");
        }
        int port = port(path, object);
        String id = string(path, object, "id");
        try {
            EndpointKey key = new EndpointKey(id == null ? EndpointKey.address(host, port) : id, host, port);
            return new Endpoint(
                    key,
                    string(path, object, "zone"),
                    string(path, object, "node"),
                    weight(path, object),
                    condition(path, object),
                    List.of());
        } catch (IllegalArgumentException invalid) {
            String message = String.valueOf(invalid.getMessage());
            throw message.startsWith(path) ? invalid : new IllegalArgumentException(path + "." + message, invalid);
        }
    }

    private static int port(String path, JsonObject object) {
        JsonPrimitive port = primitive(path + ".port", object.get("port"), "a whole number from 1 to 65535");
        double value = port != null && port.isNumber() ? port.getAsDouble() : Double.NaN;
        if (!(value >= 1 && value <= 65535 && value == Math.rint(value))) {
            throw wrong(path + ".port", port, "a whole number from 1 to 65535");
        }
        return (int) value;
    }

    private static double weight(String path, JsonObject object) {
        JsonPrimitive weight = primitive(path + ".weight", object.get("weight"), "a number above 0");
        if (weight == null) {
            return 1.0;
        }
        double value = weight.isNumber() ? weight.getAsDouble() : Double.NaN;
        if (!(value > 0) || Double.isInfinite(value)) {
            throw wrong(path + ".weight", weight, "a number above 0");
        }
        return value;
    }

    private static EndpointCondition condition(String path, JsonObject object) {
        String name = string(path, object, "condition");
        if (name == null) {
            return EndpointCondition.READY;
        }
        for (EndpointCondition condition : EndpointCondition.values()) {
            if (condition.name().equals(name)) {
                return condition;
            }
        }
        throw wrong(path + ".condition", object.get("condition"), "one of " + List.of(EndpointCondition.values()));
    }

    private static @Nullable String string(String path, JsonObject object, String field) {
        JsonPrimitive value = primitive(path + "." + field, object.get(field), "a string");
        if (value == null) {
            return null;
        }
        if (!value.isString()) {
            throw wrong(path + "." + field, value, "a string");
        }
        return value.getAsString();
    }

    /** The value, or null where it is left out or null. */
    private static @Nullable JsonPrimitive primitive(String path, @Nullable JsonElement value, String expected) {
        if (value == null || value.isJsonNull()) {
            return null;
        }
        if (!value.isJsonPrimitive()) {
            throw wrong(path, value, expected);
        }
        return value.getAsJsonPrimitive();
    }

    private static IllegalArgumentException wrong(String path, @Nullable JsonElement value, String expected) {
        String given = value == null ? "nothing" : value.toString();
        String shown = given.length() > 100 ? given.substring(0, 100) + "…" : given;
        return new IllegalArgumentException(path + ": " + shown + " (expected: " + expected + ")");
    }
}
