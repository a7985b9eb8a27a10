package io.evenkeel.compatibility;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The README and the pages under docs, as the tests of the documentation read them. */
final class Documentation {
    static final Path ROOT = Path.of("").toAbsolutePath().getParent();
    static final Path DOCS = ROOT.resolve("docs");
    private static final Pattern BLOCK = Pattern.compile("^```(\\w*)\n(.*?)^```", Pattern.DOTALL | Pattern.MULTILINE);

    /** A fenced block of one language. */
    record Block(String page, int number, String language, String text) {
        @Override
        public String toString() {
            return page + ", " + language + " block " + number;
        }
    }

    private Documentation() {}

    /** Every page but the ADRs, which speak of their own time. */
    static List<Path> pages() throws IOException {
        return everyPage().stream()
                .filter(page -> !page.startsWith(DOCS.resolve("adr")))
                .toList();
    }

    static List<Path> everyPage() throws IOException {
        List<Path> pages = new ArrayList<>();
        try (Stream<Path> top = Files.list(ROOT);
                Stream<Path> docs = Files.walk(DOCS)) {
            Stream.concat(top, docs)
                    .filter(file -> file.toString().endsWith(".md"))
                    .sorted()
                    .forEach(pages::add);
        }
        assertThat(pages).contains(ROOT.resolve("README.md"), DOCS.resolve("README.md"));
        return pages;
    }

    static String name(Path page) {
        return ROOT.relativize(page).toString();
    }

    static String text(String page) throws IOException {
        return Files.readString(DOCS.resolve(page));
    }

    static List<Block> blocks(String language) throws IOException {
        List<Block> found = new ArrayList<>();
        for (Path page : pages()) {
            Matcher blocks = BLOCK.matcher(Files.readString(page));
            for (int number = 1; blocks.find(); number++) {
                if (blocks.group(1).equals(language)) {
                    found.add(new Block(name(page), number, language, blocks.group(2)));
                }
            }
        }
        return found;
    }

    /**
     * Holds a generated part of a page, which stands between two comments with this name, to what the code says. With
     * {@code -Devenkeel.docs.write=true} it is written anew instead.
     */
    static void assertGenerated(String page, String part, String expected) throws IOException {
        Path file = DOCS.resolve(page);
        String begin = "<!-- generated: " + part + " -->\n";
        String end = "<!-- end of " + part + " -->";
        String text = Files.readString(file);
        int from = text.indexOf(begin);
        int to = text.indexOf(end);
        assertThat(from).as("%s has the line %s", page, begin.strip()).isNotNegative();
        assertThat(to).as("%s has the line %s", page, end).isGreaterThan(from);
        String wanted = "\n" + expected.strip() + "\n\n";
        if (Boolean.getBoolean("evenkeel.docs.write")) {
            Files.writeString(file, text.substring(0, from) + begin + wanted + text.substring(to));
            return;
        }
        assertThat(text.substring(from + begin.length(), to))
                .as("docs/%s is generated from the code: run this test with -Devenkeel.docs.write=true", page)
                .isEqualTo(wanted);
    }
}
