package io.evenkeel.demo;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.evenkeel.endpoint.Endpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collection;
import java.util.Objects;

/**
 * The file behind a {@code file:} target, as a control plane would write it: a reader sees the old content or the new,
 * never a part. Either the file itself is replaced, or, as in a mounted ConfigMap, the directory that the link
 * {@code ..data} beside it points to. For one thread.
 */
public final class EndpointFile {
    private final Path file;
    private final boolean mounted;
    private int version;

    private EndpointFile(Path file, boolean mounted) {
        this.file = file;
        this.mounted = mounted;
    }

    /** A file that is replaced as a whole. */
    public static EndpointFile at(Path file) {
        return new EndpointFile(file.toAbsolutePath(), false);
    }

    /** A file as the kubelet mounts it: {@code name -> ..data/name} and {@code ..data -> ..N}. */
    public static EndpointFile mounted(Path directory, String name) {
        return new EndpointFile(directory.toAbsolutePath().resolve(name), true);
    }

    public Path path() {
        return file;
    }

    /** What {@code target(...)} takes. */
    public String target() {
        return "file://" + file;
    }

    /** Replaces the content. */
    public void write(Collection<Endpoint> endpoints) throws IOException {
        writeText(json(endpoints));
    }

    /** Replaces the content by any text, valid or not. */
    public void writeText(String text) throws IOException {
        if (mounted) {
            swapDirectory(text);
        } else {
            Path next = file.resolveSibling("." + file.getFileName() + ".next");
            Files.writeString(next, text);
            Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private void swapDirectory(String text) throws IOException {
        Path directory = Objects.requireNonNull(file.getParent(), "parent of file");
        Path data = directory.resolve("..data");
        Path old = Files.exists(data) ? data.toRealPath() : null;
        Path next = Files.createDirectory(directory.resolve(".." + ++version));
        Files.writeString(next.resolve(file.getFileName()), text);
        Path link = directory.resolve("..data_tmp");
        Files.createSymbolicLink(link, next.getFileName());
        Files.move(link, data, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        if (old == null) {
            Files.createSymbolicLink(file, Path.of("..data").resolve(file.getFileName()));
        } else {
            Files.delete(old.resolve(file.getFileName()));
            Files.delete(old);
        }
    }

    private static String json(Collection<Endpoint> endpoints) {
        JsonArray all = new JsonArray();
        endpoints.forEach(endpoint -> all.add(json(endpoint)));
        JsonObject root = new JsonObject();
        root.add("endpoints", all);
        return root.toString();
    }

    private static JsonObject json(Endpoint endpoint) {
        JsonObject object = new JsonObject();
        object.addProperty("id", endpoint.identity());
        object.addProperty("host", endpoint.host());
        object.addProperty("port", endpoint.port());
        object.addProperty("condition", endpoint.condition().name());
        if (endpoint.zone() != null) {
            object.addProperty("zone", endpoint.zone());
        }
        if (endpoint.node() != null) {
            object.addProperty("node", endpoint.node());
        }
        if (endpoint.weight() != 1.0) {
            object.addProperty("weight", endpoint.weight());
        }
        return object;
    }
}
