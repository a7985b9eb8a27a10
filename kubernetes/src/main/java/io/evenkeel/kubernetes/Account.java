package io.evenkeel.kubernetes;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Who the API server takes us for.
 *
 * @param user such as {@code system:serviceaccount:default:app} or {@code jane}
 */
record Account(String user) {

    private static final Pattern REFUSED = Pattern.compile("User \"([^\"]+)\"");
    private static final String SERVICE_ACCOUNT = "system:serviceaccount:";

    /** From what a Status says, else from the token, else null. */
    static @Nullable Account of(String message, @Nullable String bearerToken) {
        Matcher refused = REFUSED.matcher(message);
        if (refused.find()) {
            return new Account(refused.group(1));
        }
        JsonObject claims = claims(bearerToken);
        JsonElement subject = claims == null ? null : claims.get("sub");
        return subject != null && subject.isJsonPrimitive() ? new Account(subject.getAsString()) : null;
    }

    /** When a token ends, or null where it doesn't say. */
    static @Nullable Instant expiryOf(@Nullable String bearerToken) {
        return instant(bearerToken, "exp");
    }

    /** When a token begins to be valid, or null where it doesn't say. */
    static @Nullable Instant beginOf(@Nullable String bearerToken) {
        return instant(bearerToken, "nbf");
    }

    private static @Nullable Instant instant(@Nullable String bearerToken, String claim) {
        JsonObject claims = claims(bearerToken);
        JsonElement seconds = claims == null ? null : claims.get(claim);
        try {
            return seconds == null || !seconds.isJsonPrimitive() ? null : Instant.ofEpochSecond(seconds.getAsLong());
        } catch (NumberFormatException notANumber) {
            return null;
        }
    }

    /** What a JSON web token says of itself, unverified: it is our own, and only shown. Null if it is none. */
    private static @Nullable JsonObject claims(@Nullable String token) {
        String[] parts = token == null ? new String[0] : token.split("\\.", -1);
        if (parts.length != 3) {
            return null;
        }
        try {
            String json = new String(Base64.getUrlDecoder().decode(parts[1]), StandardCharsets.UTF_8);
            JsonElement claims = JsonParser.parseString(json);
            return claims.isJsonObject() ? claims.getAsJsonObject() : null;
        } catch (IllegalArgumentException | JsonParseException notOurs) {
            return null;
        }
    }

    /** The account in a RoleBinding's list of subjects. */
    String subjectYaml() {
        String[] parts = user.startsWith(SERVICE_ACCOUNT)
                ? user.substring(SERVICE_ACCOUNT.length()).split(":", -1)
                : new String[0];
        return parts.length == 2
                ? "- kind: ServiceAccount\n  name: " + parts[1] + "\n  namespace: " + parts[0] + "\n"
                : "- kind: User\n  name: \"" + user + "\"\n  apiGroup: rbac.authorization.k8s.io\n";
    }
}
