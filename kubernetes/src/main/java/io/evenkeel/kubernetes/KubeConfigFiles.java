package io.evenkeel.kubernetes;

import io.kubernetes.client.util.KubeConfig;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Several kubeconfig files as one, by kubectl's rules: of clusters, contexts and users of one name the first counts,
 * and so does the first current context; a file that doesn't exist is passed over; paths are relative to the file that
 * they are in.
 */
final class KubeConfigFiles {

    // As SnakeYAML says where a problem is.
    private static final Pattern PLACE = Pattern.compile("line \\d{1,9}, column \\d{1,9}");

    private final ArrayList<Object> contexts = new ArrayList<>();
    private final ArrayList<Object> clusters = new ArrayList<>();
    private final ArrayList<Object> users = new ArrayList<>();
    private @Nullable String currentContext;

    private KubeConfigFiles() {}

    /**
     * @param files that exist
     * @throws IOException if one can't be read or parsed; without anything that is in it
     * @throws RuntimeException of the kinds that client-java throws if one is not a kubeconfig
     */
    static KubeConfig read(List<Path> files) throws IOException {
        KubeConfigFiles merged = new KubeConfigFiles();
        for (Path file : files) {
            merged.add(file);
        }
        KubeConfig one = new KubeConfig(merged.contexts, merged.clusters, merged.users);
        one.setContext(merged.currentContext);
        return one;
    }

    private void add(Path file) throws IOException {
        KubeConfig read = read(file);
        Path absolute = file.toAbsolutePath();
        for (Map<?, ?> cluster : addNew(clusters, read.getClusters(), "cluster")) {
            resolve(cluster, "certificate-authority", absolute);
        }
        for (Map<?, ?> user : addNew(users, read.getUsers(), "user")) {
            resolve(user, "client-certificate", absolute);
            resolve(user, "client-key", absolute);
            resolve(user, "tokenFile", absolute);
            if (user.get("exec") instanceof Map<?, ?> plugin
                    && plugin.get("command") instanceof String command
                    && (command.indexOf('/') >= 0 || command.indexOf('\\') >= 0)) {
                resolve(plugin, "command", absolute);
            }
        }
        addNew(contexts, read.getContexts(), "context");
        if (currentContext == null) {
            currentContext = read.getCurrentContext();
        }
    }

    private static KubeConfig read(Path file) throws IOException {
        try (Reader reader = Files.newBufferedReader(file)) {
            return KubeConfig.loadKubeConfig(reader);
        } catch (RuntimeException unparsable) {
            // Neither its message nor itself as the cause: a parser quotes the lines, which hold tokens and passwords.
            throw new IOException("kubeconfig " + file + ": cannot be parsed" + position(unparsable)
                    + " (expected: a file that kubectl config view reads)");
        }
    }

    private static String position(RuntimeException unparsable) {
        Matcher place = PLACE.matcher(String.valueOf(unparsable.getMessage()));
        return place.find() ? " at " + place.group() : "";
    }

    /** Adds the entries whose names are new. @return what they have under this key */
    private static List<Map<?, ?>> addNew(List<Object> known, @Nullable List<Object> more, String key) {
        Set<@Nullable Object> names = new HashSet<>();
        for (Object entry : known) {
            names.add(((Map<?, ?>) entry).get("name"));
        }
        List<Map<?, ?>> added = new ArrayList<>();
        for (Object entry : more == null ? List.of() : more) {
            Map<?, ?> named = (Map<?, ?>) entry;
            if (names.add(named.get("name"))) {
                known.add(entry);
                if (named.get(key) instanceof Map<?, ?> value) {
                    added.add(value);
                }
            }
        }
        return added;
    }

    @SuppressWarnings("unchecked") // what YAML makes of a mapping with a String in it
    private static void resolve(Map<?, ?> values, String key, Path file) {
        if (values.get(key) instanceof String path && !path.isEmpty()) {
            ((Map<String, Object>) values)
                    .put(key, file.resolveSibling(path).normalize().toString());
        }
    }
}
