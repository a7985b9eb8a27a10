package io.evenkeel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WordingTest {

    /** Here, since the demonstration needs no test classes of core: its command runs before any are packaged. */
    @Test
    void the_demonstration_is_written_in_the_fields_words_and_in_lines_of_120() throws Exception {
        // PostgreSQL does not run as root: these two name the Unix user that it runs as then.
        assertThat(Wording.offences(Path.of("..", "demo", "src", "main", "java")))
                .filteredOn(offence -> !offence.matches("(ServerUser|Directories)\\.java:\\d+: nobody"))
                .isEmpty();
    }

    @Test
    void comments_and_messages_are_looked_at_and_identifiers_are_not(@TempDir Path directory) throws IOException {
        Files.writeString(directory.resolve("Sample.java"), """
                /** Somebody waits. */
                class Sample {
                    String nobody = "nobody answers";
                    // is told of it; these are told apart
                }
                """);
        assertThat(Wording.offences(directory))
                .containsExactly("Sample.java:1: Somebody", "Sample.java:3: nobody", "Sample.java:4: is told");
    }

    @Test
    void a_comment_that_was_wrapped_twice_is_found(@TempDir Path directory) throws IOException {
        String full = "    // " + "word ".repeat(20) + "end\n";
        Files.writeString(directory.resolve("Sample.java"), full + "    // short\n    // and so on\n");
        Files.writeString(directory.resolve("Well.java"), full + "    // short.\n\n" + full + full + "    // end.\n");
        assertThat(Wording.offences(directory)).containsExactly("Sample.java:1: a comment that is wrapped twice");
    }
}
