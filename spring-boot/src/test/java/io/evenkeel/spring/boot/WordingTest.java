package io.evenkeel.spring.boot;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.Wording;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class WordingTest {

    @Test
    void main_code_is_written_in_the_fields_words_and_in_lines_of_120() throws Exception {
        assertThat(Wording.offences(Path.of("src", "main", "java"))).isEmpty();
    }
}
