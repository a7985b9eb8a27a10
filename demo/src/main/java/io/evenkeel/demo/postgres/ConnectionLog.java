package io.evenkeel.demo.postgres;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a server wrote to its log: the connections that it let in, by application name, and its errors. */
final class ConnectionLog {
    private static final Pattern AUTHORIZED = Pattern.compile("connection authorized: .*application_name=(\\S+)");

    private final Path file;
    private final Map<String, Long> accepted = new HashMap<>();
    private long read;

    ConnectionLog(Path file) {
        this.file = file;
    }

    synchronized Map<String, Long> accepted() throws IOException {
        for (String line : newLines()) {
            Matcher matcher = AUTHORIZED.matcher(line);
            if (matcher.find()) {
                accepted.merge(matcher.group(1), 1L, Long::sum);
            }
        }
        return Map.copyOf(accepted);
    }

    private List<String> newLines() throws IOException {
        if (!Files.exists(file)) {
            return List.of();
        }
        try (RandomAccessFile log = new RandomAccessFile(file.toFile(), "r")) {
            byte[] bytes = new byte[(int) Math.max(0, log.length() - read)];
            log.seek(read);
            log.readFully(bytes);
            String text = new String(bytes, StandardCharsets.UTF_8);
            // the last line may still be in the writing: it is read again next time
            String whole = text.substring(0, text.lastIndexOf('\n') + 1);
            read += whole.getBytes(StandardCharsets.UTF_8).length;
            return whole.lines().toList();
        }
    }

    String tail(int lines) {
        try {
            List<String> all = Files.readAllLines(file);
            return String.join(System.lineSeparator(), all.subList(Math.max(0, all.size() - lines), all.size()));
        } catch (IOException e) {
            return "no log: " + e.getMessage();
        }
    }
}
