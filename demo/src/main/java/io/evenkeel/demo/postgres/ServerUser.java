package io.evenkeel.demo.postgres;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.UserPrincipal;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The user that servers run as. PostgreSQL refuses to run as root, so root runs them as {@code nobody}; anyone else
 * runs them as himself.
 */
final class ServerUser {
    private static final String UNPRIVILEGED = "nobody";

    private final List<String> prefix;
    private final @Nullable UserPrincipal owner;

    private ServerUser(List<String> prefix, @Nullable UserPrincipal owner) {
        this.prefix = List.copyOf(prefix);
        this.owner = owner;
    }

    static ServerUser detect() throws PostgresUnavailableException {
        try {
            if (!Command.run(List.of("id", "-u")).equals("0")) {
                return new ServerUser(List.of(), null);
            }
            UserPrincipal nobody =
                    Path.of("/").getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName(UNPRIVILEGED);
            return new ServerUser(becomeUnprivileged(), nobody);
        } catch (IOException e) {
            throw new PostgresUnavailableException(
                    "PostgreSQL does not run as root, and user nobody can't be used: " + e.getMessage(), e);
        }
    }

    private static List<String> becomeUnprivileged() throws IOException {
        String group = Command.run(List.of("id", "-g", UNPRIVILEGED));
        return Stream.of(
                        List.of("setpriv", "--reuid=" + UNPRIVILEGED, "--regid=" + group, "--clear-groups"),
                        List.of("runuser", "-u", UNPRIVILEGED, "--"),
                        List.of("sudo", "-n", "-u", UNPRIVILEGED),
                        // su takes one string for a shell: "$@" hands the words through untouched
                        List.of("su", "-s", "/bin/sh", UNPRIVILEGED, "-c", "exec \"$0\" \"$@\"", "--"))
                .filter(prefix -> Command.succeeds(join(prefix, List.of("true"))))
                .findFirst()
                .orElseThrow(() -> new IOException("none of setpriv, runuser, sudo and su could become it"
                        + " (run as an ordinary user instead)"));
    }

    /** The same command, run as this user. */
    List<String> command(List<String> command) {
        return join(prefix, command);
    }

    private static List<String> join(List<String> first, List<String> second) {
        List<String> all = new ArrayList<>(first);
        all.addAll(second);
        return all;
    }

    /** Whether this user can reach files below the directory. */
    boolean canReach(Path directory) throws IOException {
        if (!Files.isDirectory(directory) || !Files.isWritable(directory)) {
            return false;
        }
        if (owner == null) {
            return true;
        }
        for (Path d = directory.toRealPath(); d != null; d = d.getParent()) {
            if (!Files.getPosixFilePermissions(d).contains(PosixFilePermission.OTHERS_EXECUTE)) {
                return false;
            }
        }
        return true;
    }

    /** Gives a file or a whole directory to this user. */
    void own(Path tree) throws IOException {
        UserPrincipal newOwner = owner;
        if (newOwner == null) {
            return;
        }
        Files.walkFileTree(tree, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes)
                    throws IOException {
                Files.setOwner(directory, newOwner);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.setOwner(file, newOwner);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
