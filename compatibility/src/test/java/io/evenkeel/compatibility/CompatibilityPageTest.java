package io.evenkeel.compatibility;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The table of docs/compatibility.md is made from the poms of the matrix's applications. */
class CompatibilityPageTest {
    private static final Path CELLS = Documentation.ROOT.resolve("compatibility/src/it");
    private static final Pattern VERSION = Pattern.compile("\\d+\\.\\d+\\.\\d+[\\w.]*");

    @Test
    void the_table_is_that_of_the_matrix() throws IOException {
        StringBuilder table = new StringBuilder("| application | what it has of its own | adapters |\n|---|---|---|\n");
        for (Path cell : cells()) {
            String pom = Files.readString(cell.resolve("pom.xml"));
            table.append("| `").append(cell.getFileName()).append("` | ");
            table.append(element(pom, "description")).append(" | ");
            table.append(element(pom, "adapters")).append(" |\n");
        }
        Documentation.assertGenerated("compatibility.md", "matrix", table.toString());
    }

    /** A version that a description states is one that the application declares, not one that it once had. */
    @Test
    void the_versions_that_a_description_states_are_declared() throws IOException {
        for (Path cell : cells()) {
            String pom = Files.readString(cell.resolve("pom.xml"));
            String declared = pom.replaceAll("(?s)<description>.*?</description>", "");
            Matcher stated = VERSION.matcher(element(pom, "description"));
            while (stated.find()) {
                assertThat(declared).as("%s of %s", stated.group(), cell).contains(stated.group());
            }
        }
    }

    private static List<Path> cells() throws IOException {
        try (Stream<Path> found = Files.list(CELLS)) {
            List<Path> cells = found.filter(cell -> Files.exists(cell.resolve("pom.xml")))
                    .sorted()
                    .toList();
            assertThat(cells).hasSizeGreaterThan(10);
            return cells;
        }
    }

    private static String element(String pom, String name) {
        Matcher element =
                Pattern.compile("<" + name + ">([^<]+)</" + name + ">").matcher(pom);
        assertThat(element.find()).as("<%s> in %s", name, pom).isTrue();
        return element.group(1).replaceAll("\\s+", " ").strip();
    }
}
