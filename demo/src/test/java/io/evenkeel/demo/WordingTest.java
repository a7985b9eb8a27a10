package io.evenkeel.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.Wording;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class WordingTest {

    @Test
    void main_code_is_written_in_the_fields_words_and_in_lines_of_120() throws Exception {
        // PostgreSQL does not run as root: these two name the Unix user that it runs as then.
        assertThat(Wording.offences(Path.of("src", "main", "java")))
                .filteredOn(offence -> !offence.matches("(ServerUser|Directories)\\.java:\\d+: nobody"))
                .isEmpty();
    }
}
