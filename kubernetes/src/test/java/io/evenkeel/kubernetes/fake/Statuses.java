package io.evenkeel.kubernetes.fake;

import com.google.gson.JsonObject;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The {@code Status} objects that come instead of what was asked for. */
final class Statuses {

    private Statuses() {}

    static String failure(int code, String reason, String message) {
        return Json.line(status(code, reason, message, null));
    }

    static JsonObject unauthorized() {
        return status(401, "Unauthorized", "Unauthorized", null);
    }

    static JsonObject forbidden(ApiRequest request, String user) {
        String group = request.group();
        JsonObject details = details(request);
        String resource = group.isEmpty() ? request.resource() : request.resource() + "." + group;
        return status(
                403,
                "Forbidden",
                resource + " is forbidden: User \"" + user + "\" cannot "
                        + request.verb().name().toLowerCase(Locale.ROOT) + " resource \""
                        + request.resource() + "\" in API group \"" + group + "\" in the namespace \""
                        + request.namespace() + "\"",
                details);
    }

    static JsonObject notFound(ApiRequest request) {
        JsonObject details = new JsonObject();
        details.addProperty("name", request.name());
        details(request).entrySet().forEach(field -> details.add(field.getKey(), field.getValue()));
        String resource = request.group().isEmpty() ? request.resource() : request.resource() + "." + request.group();
        return status(404, "NotFound", resource + " \"" + request.name() + "\" not found", details);
    }

    static JsonObject badRequest(String message) {
        return status(400, "BadRequest", message, null);
    }

    static JsonObject success() {
        JsonObject status = new JsonObject();
        status.addProperty("kind", "Status");
        status.addProperty("apiVersion", "v1");
        status.add("metadata", new JsonObject());
        status.addProperty("status", "Success");
        return status;
    }

    /** The event in a stream that was answered with 200. */
    static JsonObject expired(long asked, long compacted) {
        return status(410, "Expired", "too old resource version: " + asked + " (" + compacted + ")", null);
    }

    private static JsonObject details(ApiRequest request) {
        JsonObject details = new JsonObject();
        if (!request.group().isEmpty()) {
            details.addProperty("group", request.group());
        }
        details.addProperty("kind", request.resource());
        return details;
    }

    private static JsonObject status(int code, String reason, String message, @Nullable JsonObject details) {
        JsonObject status = new JsonObject();
        status.addProperty("kind", "Status");
        status.addProperty("apiVersion", "v1");
        status.add("metadata", new JsonObject());
        status.addProperty("status", "Failure");
        status.addProperty("message", message);
        status.addProperty("reason", reason);
        if (details != null) {
            status.add("details", details);
        }
        status.addProperty("code", code);
        return status;
    }
}
