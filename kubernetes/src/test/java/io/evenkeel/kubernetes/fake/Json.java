package io.evenkeel.kubernetes.fake;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;

/** JSON in the API server's two layouts. Both keep nulls, and the order in which fields were put. */
final class Json {

    private static final Gson COMPACT =
            new GsonBuilder().serializeNulls().disableHtmlEscaping().create();
    private static final Gson PRETTY = COMPACT.newBuilder().setPrettyPrinting().create();

    private Json() {}

    static JsonObject object(String text) {
        return JsonParser.parseString(text).getAsJsonObject();
    }

    /** One line without an end. */
    static String line(JsonElement element) {
        return COMPACT.toJson(element);
    }

    static String pretty(JsonElement element) {
        return PRETTY.toJson(element);
    }

    static JsonObject metadata(JsonObject object) {
        return object.getAsJsonObject("metadata");
    }

    static String name(JsonObject object) {
        return metadata(object).get("name").getAsString();
    }

    static long revision(JsonObject object) {
        return Long.parseLong(metadata(object).get("resourceVersion").getAsString());
    }

    /** The same with this revision in it; the argument stays as it is. */
    static JsonObject atRevision(JsonObject object, long revision) {
        JsonObject copy = object.deepCopy();
        metadata(copy).addProperty("resourceVersion", Long.toString(revision));
        return copy;
    }

    /** RFC 7386, which is all that our own writes need. */
    static JsonObject mergePatch(JsonObject target, JsonObject patch) {
        JsonObject merged = target.deepCopy();
        patch.entrySet().forEach(field -> {
            JsonElement value = field.getValue();
            JsonElement old = merged.get(field.getKey());
            if (value.isJsonNull()) {
                merged.remove(field.getKey());
            } else if (value.isJsonObject()) {
                JsonObject below = old != null && old.isJsonObject() ? old.getAsJsonObject() : new JsonObject();
                merged.add(field.getKey(), mergePatch(below, value.getAsJsonObject()));
            } else {
                merged.add(field.getKey(), value.deepCopy());
            }
        });
        return merged;
    }
}
