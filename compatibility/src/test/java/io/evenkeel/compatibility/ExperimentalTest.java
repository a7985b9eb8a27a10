package io.evenkeel.compatibility;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The packages that {@code @Experimental} marks are those that the page names and that the comparison of APIs passes over. */
class ExperimentalTest {
    private static final Path ROOT = Documentation.ROOT;
    private static final Pattern MARKED =
            Pattern.compile("^@Experimental\\s+(?:@\\w+\\s+)*package ([\\w.]+);", Pattern.MULTILINE);

    @Test
    void the_page_names_exactly_the_marked_packages() throws IOException {
        String page = Files.readString(ROOT.resolve("docs").resolve("compatibility.md"));
        String section = page.substring(page.indexOf("## What may still change"), page.indexOf("## Not covered"));
        assertThat(marked())
                .isNotEmpty()
                .isEqualTo(all(Pattern.compile("^\\| `(io\\.evenkeel[\\w.]*)`", Pattern.MULTILINE), section));
    }

    @Test
    void the_comparison_of_apis_passes_over_exactly_the_marked_packages() throws IOException {
        String pom = Files.readString(ROOT.resolve("pom.xml"));
        assertThat(all(Pattern.compile("<exclude>(io\\.evenkeel[\\w.]*)</exclude>"), pom))
                .isEqualTo(marked());
        assertThat(pom).contains("<exclude>@io.evenkeel.Experimental</exclude>");
    }

    private static SortedSet<String> marked() throws IOException {
        SortedSet<String> packages = new TreeSet<>();
        for (Path module : modules()) {
            try (Stream<Path> files = Files.walk(module)) {
                for (Path file :
                        files.filter(path -> path.endsWith("package-info.java")).toList()) {
                    packages.addAll(all(MARKED, Files.readString(file)));
                }
            }
        }
        return packages;
    }

    private static List<Path> modules() throws IOException {
        List<Path> sources = new ArrayList<>();
        try (Stream<Path> directories = Files.list(ROOT)) {
            for (Path directory : directories.toList()) {
                Path main = directory.resolve(Path.of("src", "main", "java"));
                if (Files.isDirectory(main)) {
                    sources.add(main);
                }
            }
        }
        return sources;
    }

    private static SortedSet<String> all(Pattern pattern, String text) {
        SortedSet<String> found = new TreeSet<>();
        Matcher matcher = pattern.matcher(text);
        while (matcher.find()) {
            found.add(matcher.group(1));
        }
        return found;
    }
}
