package io.evenkeel.kubernetes;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import okhttp3.Interceptor;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * What is sent with every request to say who we are. A token in a file is read for each of them: the kubelet replaces
 * it long before it expires. If it cannot be read the request is not sent, or it would be sent without an identity.
 *
 * @param authorization the header's value, or null; where there is a file too, what is used while that cannot be read
 * @param tokenFile or null
 * @param impersonation headers that say on whose behalf it is asked
 */
record RequestCredentials(
        @Nullable String authorization, @Nullable Path tokenFile, List<Header> impersonation) implements Interceptor {

    private static final int MOST_BYTES = 1 << 20;

    record Header(String name, String value) {}

    RequestCredentials {
        impersonation = List.copyOf(impersonation);
    }

    static RequestCredentials ofFile(Path tokenFile) {
        return new RequestCredentials(null, tokenFile, List.of());
    }

    @Override
    public Response intercept(Chain chain) throws IOException {
        Request.Builder request = chain.request().newBuilder();
        String value = current();
        if (value != null) {
            request.header("Authorization", value);
        }
        impersonation.forEach(header -> request.addHeader(header.name(), header.value()));
        return chain.proceed(request.build());
    }

    private @Nullable String current() throws CredentialsException {
        Path file = tokenFile;
        if (file == null) {
            return authorization;
        }
        try {
            if (Files.size(file) > MOST_BYTES) {
                throw new CredentialsException("the token in " + file + ": too large (expected: a token)", null);
            }
            String token = Files.readString(file).strip();
            if (!isHeader(token)) {
                throw new CredentialsException(
                        "the token in " + file + ": " + (token.isEmpty() ? "empty" : "has characters that no token has")
                                + " (expected: one line with a token)",
                        null);
            }
            return "Bearer " + token;
        } catch (IOException | RuntimeException unreadable) {
            if (authorization != null) {
                return authorization;
            }
            if (unreadable instanceof CredentialsException known) {
                throw known;
            }
            throw new CredentialsException("the token in " + file + ": cannot be read: " + unreadable, unreadable);
        }
    }

    /** Whether it can be sent; otherwise the header's own complaint would show it. */
    static boolean isHeader(String token) {
        return !token.isEmpty() && token.chars().allMatch(c -> c > 0x20 && c < 0x7f);
    }

    @Override
    public String toString() {
        return "RequestCredentials[secret]";
    }
}
