package io.evenkeel.kubernetes.fake;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A label selector of equalities, {@code a=b,c==d}: all of them must hold. */
record Selector(Map<String, String> labels) {

    Selector {
        labels = Map.copyOf(labels);
    }

    /**
     * Parses the parameter {@code labelSelector}; nothing selects everything.
     *
     * @throws IllegalArgumentException if it is more than equalities
     */
    static Selector parse(@Nullable String text) {
        Map<String, String> labels = new LinkedHashMap<>();
        if (text != null && !text.isBlank()) {
            for (String term : text.split(",")) {
                String[] sides = term.trim().split("==?", -1);
                if (sides.length != 2 || !sides[0].matches("[\\w./-]+") || !sides[1].matches("[\\w.-]*")) {
                    throw new IllegalArgumentException("labelSelector: " + term + " (expected: label=value)");
                }
                labels.put(sides[0], sides[1]);
            }
        }
        return new Selector(labels);
    }

    boolean matches(JsonObject object) {
        JsonElement metadata = object.get("metadata");
        JsonElement held = metadata == null ? null : metadata.getAsJsonObject().get("labels");
        JsonObject has = held == null || held.isJsonNull() ? new JsonObject() : held.getAsJsonObject();
        return labels.entrySet().stream()
                .allMatch(label -> has.has(label.getKey())
                        && has.get(label.getKey()).getAsString().equals(label.getValue()));
    }
}
