package io.evenkeel.demo.postgres;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The System V segment that guards a data directory. A killed server leaves it behind for its successor; where none
 * follows, it would stay until the machine restarts.
 */
final class SharedMemory {
    private static final int LINE = 6;

    private SharedMemory() {}

    static void removeLeftBy(Path data) {
        Path file = data.resolve("postmaster.pid");
        try {
            if (!Files.exists(file)) {
                return;
            }
            List<String> lines = Files.readAllLines(file);
            String[] keyAndId = lines.size() > LINE ? lines.get(LINE).trim().split("\\s+") : new String[0];
            if (keyAndId.length == 2) {
                Command.succeeds(List.of("ipcrm", "-m", Long.toString(Long.parseLong(keyAndId[1]))));
            }
        } catch (IOException | NumberFormatException e) {
            System.err.println("shared memory of " + data + " could not be removed: " + e.getMessage());
        }
    }
}
