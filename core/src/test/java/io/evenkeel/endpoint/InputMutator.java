package io.evenkeel.endpoint;

import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Random;

/** Makes input that somebody could send out of input that is right: broken, hostile, huge, or still right. Seeded. */
public final class InputMutator {

    private static final List<String> WORDS = List.of(
            "127.0.0.1?user=evil",
            "127.0.0.1;x",
            "a b",
            "a\\nb",
            "\n",
            "\u0000",
            "\u202e",
            "[",
            "]",
            "{",
            "}",
            "\"",
            "\\",
            ":",
            ",",
            "null",
            "true",
            "-1",
            "0",
            "65536",
            "70000",
            "1e999",
            "99999999999999999999",
            "NaN",
            "[::1]",
            "fd00::1%x",
            "999.1.1.1",
            "0x7f000001",
            "evil.example",
            "//",
            "|",
            "static:///",
            "dns:///",
            "file:///",
            "@",
            "%0a",
            "\ud800",
            "10.0.0.1:5432,");

    private final Random random;

    public InputMutator(long seed) {
        random = new Random(seed);
    }

    /** The text after none to six changes. */
    public String mutate(String text) {
        StringBuilder changed = new StringBuilder(text);
        for (int i = random.nextInt(7); i > 0 && changed.length() > 0; i--) {
            int at = random.nextInt(changed.length());
            int to = Math.min(changed.length(), at + 1 + random.nextInt(12));
            switch (random.nextInt(8)) {
                case 0 -> changed.delete(at, to);
                case 1 -> changed.insert(at, changed.substring(at, to));
                case 2 -> changed.setCharAt(at, (char) random.nextInt(random.nextBoolean() ? 128 : 65536));
                case 3 -> changed.replace(at, to, WORDS.get(random.nextInt(WORDS.size())));
                case 4 -> changed.insert(at, WORDS.get(random.nextInt(WORDS.size())));
                case 5 -> changed.setLength(at);
                case 6 -> insertAtAQuote(changed, at);
                default -> {
                    if (random.nextInt(50) == 0) {
                        changed.insert(
                                at, WORDS.get(random.nextInt(WORDS.size())).repeat(5_000));
                    }
                }
            }
        }
        return changed.toString();
    }

    /** Within a string of JSON, where it changes a value and not the form. */
    private void insertAtAQuote(StringBuilder changed, int from) {
        int quote = changed.indexOf("\"", from);
        if (quote >= 0) {
            changed.insert(quote + random.nextInt(2), WORDS.get(random.nextInt(4)));
        }
    }

    /** The bytes after some changes. */
    public byte[] mutate(byte[] bytes) {
        byte[] changed = bytes.clone();
        for (int i = random.nextInt(5); i > 0; i--) {
            changed[random.nextInt(changed.length)] = (byte) random.nextInt(256);
        }
        return random.nextInt(4) == 0 ? java.util.Arrays.copyOf(changed, random.nextInt(changed.length + 1)) : changed;
    }

    /** Whether the input has this host in it, also written with JSON's escapes. */
    public static boolean says(String input, String host) {
        return input.contains(host) || input.contains("\\u");
    }

    /** What this thread has allocated so far. */
    public static long allocatedBytes() {
        return ManagementFactory.getThreadMXBean() instanceof com.sun.management.ThreadMXBean threads
                ? threads.getCurrentThreadAllocatedBytes()
                : 0;
    }
}
