package io.evenkeel.kubernetes;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import io.evenkeel.endpoint.HostSyntax;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A credential plugin of a kubeconfig ({@code exec}), as client-go runs it: without a terminal, and for at most as long
 * as it is given. A plugin that takes longer is killed with its children; nothing waits for its output to end, since a
 * child may hold that open. Its output is a secret and is never shown. Blocks.
 */
final class CredentialPlugin {

    private static final Set<String> VERSIONS =
            Set.of("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1");
    private static final Duration LOOK = Duration.ofMillis(10);
    private static final int MOST_OUTPUT = 1 << 20;

    private final Map<?, ?> exec;
    private final Map<?, ?> cluster;
    private final String name;
    private final @Nullable Path directory;
    private final Duration timeout;

    /**
     * What a plugin gave.
     *
     * @param token or null
     * @param certificate PEM, or null; set together with the key
     * @param key PEM, or null
     */
    record Output(
            @Nullable String token,
            @Nullable String certificate,
            @Nullable String key) {

        @Override
        public String toString() {
            return "Output[secret]";
        }
    }

    /**
     * A plugin that has not run.
     *
     * @param exec the kubeconfig's {@code exec}
     * @param cluster the kubeconfig's cluster, which the plugin is shown if it wants to
     * @param directory to run it in, or null for this process's own
     */
    CredentialPlugin(Map<?, ?> exec, Map<?, ?> cluster, @Nullable Path directory, Duration timeout) {
        this.exec = exec;
        this.cluster = cluster;
        this.name = "the credential plugin " + HostSyntax.shown(String.valueOf(exec.get("command")));
        this.directory = directory;
        this.timeout = timeout;
    }

    /**
     * Runs it.
     *
     * @throws CredentialsException if it gave no credentials; says why
     */
    Output run() throws CredentialsException {
        Process process = start();
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        ByteArrayOutputStream complaints = new ByteArrayOutputStream();
        try {
            await(process, output, complaints);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new CredentialsException(name + ": interrupted, since it is not needed any more", interrupted);
        } catch (CredentialsException known) {
            throw known;
        } catch (IOException unreadable) {
            throw new CredentialsException(name + ": its output cannot be read: " + unreadable, unreadable);
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
        if (process.exitValue() != 0) {
            throw new CredentialsException(
                    name + ": ended with code " + process.exitValue() + said(complaints) + hint(), null);
        }
        return parse(output.toString(StandardCharsets.UTF_8));
    }

    private Process start() throws CredentialsException {
        String version = String.valueOf(exec.get("apiVersion"));
        if (!VERSIONS.contains(version)) {
            throw new CredentialsException(
                    name + ": apiVersion: " + HostSyntax.shown(version) + " (expected: one of " + VERSIONS + ")", null);
        }
        if ("Always".equals(exec.get("interactiveMode"))) {
            throw new CredentialsException(
                    name
                            + ": interactiveMode: Always (expected: IfAvailable or Never, since "
                            + "there is no terminal here)",
                    null);
        }
        List<String> command = new ArrayList<>(List.of(String.valueOf(exec.get("command"))));
        if (exec.get("args") instanceof List<?> args) {
            args.forEach(arg -> command.add(String.valueOf(arg)));
        }
        ProcessBuilder builder = new ProcessBuilder(command);
        if (directory != null) {
            builder.directory(directory.toFile());
        }
        if (exec.get("env") instanceof List<?> variables) {
            for (Object variable : variables) {
                if (variable instanceof Map<?, ?> entry && entry.get("name") != null) {
                    builder.environment().put(String.valueOf(entry.get("name")), String.valueOf(entry.get("value")));
                }
            }
        }
        builder.environment().put("KUBERNETES_EXEC_INFO", info(version));
        try {
            Process process = builder.start();
            process.getOutputStream().close();
            return process;
        } catch (IOException missing) {
            throw new CredentialsException(name + ": cannot be run: " + missing.getMessage() + hint(), missing);
        }
    }

    private String info(String version) {
        JsonObject spec = new JsonObject();
        spec.addProperty("interactive", false);
        if (Boolean.TRUE.equals(exec.get("provideClusterInfo"))) {
            JsonObject shown = new JsonObject();
            for (String field : List.of(
                    "server",
                    "tls-server-name",
                    "insecure-skip-tls-verify",
                    "certificate-authority-data",
                    "proxy-url")) {
                Object value = cluster.get(field);
                if (value instanceof Boolean flag) {
                    shown.addProperty(field, flag);
                } else if (value != null) {
                    shown.addProperty(field, String.valueOf(value));
                }
            }
            spec.add("cluster", shown);
        }
        JsonObject info = new JsonObject();
        info.addProperty("apiVersion", version);
        info.addProperty("kind", "ExecCredential");
        info.add("spec", spec);
        return info.toString();
    }

    private void await(Process process, ByteArrayOutputStream output, ByteArrayOutputStream complaints)
            throws IOException, InterruptedException {
        // Counted, since no clock may be read here: each look takes at least this long.
        for (long looks = timeout.toMillis() / LOOK.toMillis(); looks >= 0; looks--) {
            boolean ended = process.waitFor(LOOK.toMillis(), TimeUnit.MILLISECONDS);
            drain(process.getInputStream(), output);
            drain(process.getErrorStream(), complaints);
            if (ended) {
                return;
            }
        }
        throw new CredentialsException(
                name + ": no answer within " + timeout + ", so it was ended" + said(complaints), null);
    }

    /** What is there now, without waiting for more. */
    private void drain(InputStream from, ByteArrayOutputStream to) throws IOException {
        byte[] buffer = new byte[8192];
        for (int there = from.available(); there > 0; there = from.available()) {
            int read = from.read(buffer, 0, Math.min(there, buffer.length));
            if (read < 0) {
                return;
            }
            to.write(buffer, 0, read);
            if (to.size() > MOST_OUTPUT) {
                throw new CredentialsException(
                        name + ": printed more than " + MOST_OUTPUT + " bytes (expected: an ExecCredential)", null);
            }
        }
    }

    private static String said(ByteArrayOutputStream complaints) {
        String text = complaints.toString(StandardCharsets.UTF_8).strip();
        return text.isEmpty()
                ? ""
                : ", saying " + HostSyntax.shown(text.lines().findFirst().orElse(""));
    }

    private String hint() {
        return exec.get("installHint") instanceof String hint ? "; " + HostSyntax.shown(hint) : "";
    }

    private Output parse(String printed) throws CredentialsException {
        JsonObject status = status(printed);
        String token = text(status, "token");
        String certificate = text(status, "clientCertificateData");
        String key = text(status, "clientKeyData");
        if ((token == null && certificate == null) || (certificate == null) != (key == null)) {
            throw new CredentialsException(
                    name + ": printed no credentials (expected: status.token, or status.clientCertificateData with"
                            + " status.clientKeyData)",
                    null);
        }
        return new Output(token, certificate, key);
    }

    private JsonObject status(String printed) throws CredentialsException {
        try {
            JsonElement root = JsonParser.parseString(printed);
            JsonElement status = root.isJsonObject() ? root.getAsJsonObject().get("status") : null;
            if (status != null && status.isJsonObject()) {
                return status.getAsJsonObject();
            }
        } catch (JsonParseException | StackOverflowError notJson) {
            // The parser's message would show what was printed, which may be a secret.
            throw new CredentialsException(name + ": printed no JSON (expected: an ExecCredential)", null);
        }
        throw new CredentialsException(name + ": printed no status (expected: an ExecCredential)", null);
    }

    private static @Nullable String text(JsonObject status, String field) {
        JsonElement value = status.get(field);
        boolean given =
                value != null && value.isJsonPrimitive() && !value.getAsString().isBlank();
        return given ? Objects.requireNonNull(value).getAsString().strip() : null;
    }
}
