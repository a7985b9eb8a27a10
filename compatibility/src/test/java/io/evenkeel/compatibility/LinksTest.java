package io.evenkeel.compatibility;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every relative link of a page leads to a file and, behind {@code #}, to one of its headings; nothing else is asked for. */
class LinksTest {
    private static final Pattern LINK =
            Pattern.compile("(?<!!)\\[[^\\]]*\\]\\(([^)\\s]+)\\)|!\\[[^\\]]*\\]\\(([^)\\s]+)\\)");
    private static final Pattern HEADING = Pattern.compile("^#{1,6} (.+)$", Pattern.MULTILINE);

    static List<Path> pages() throws IOException {
        return Documentation.everyPage();
    }

    @ParameterizedTest
    @MethodSource("pages")
    void links_lead_somewhere(Path page) throws IOException {
        Matcher links = LINK.matcher(withoutCode(Files.readString(page)));
        while (links.find()) {
            String link = links.group(1) != null ? links.group(1) : links.group(2);
            String where = Documentation.name(page) + " links to " + link;
            if (link.matches("[a-z]+:.*")) {
                assertThat(link).as(where).startsWith("https://");
                assertThat(URI.create(link).getHost()).as(where).contains(".");
            } else {
                int hash = link.indexOf('#');
                String file = hash < 0 ? link : link.substring(0, hash);
                Path target = file.isEmpty() ? page : page.resolveSibling(file).normalize();
                assertThat(target).as(where).exists();
                if (hash >= 0) {
                    assertThat(anchors(target)).as(where).contains(link.substring(hash + 1));
                }
            }
        }
    }

    @Test
    void every_page_is_reached_from_the_index() throws IOException {
        Set<Path> reached = new HashSet<>();
        reach(Documentation.DOCS.resolve("README.md"), reached);
        assertThat(reached)
                .containsAll(Documentation.pages().stream()
                        .filter(page -> page.startsWith(Documentation.DOCS))
                        .toList());
    }

    private static void reach(Path page, Set<Path> reached) throws IOException {
        if (!reached.add(page)) {
            return;
        }
        Matcher links = LINK.matcher(withoutCode(Files.readString(page)));
        while (links.find()) {
            String link = links.group(1) != null ? links.group(1) : links.group(2);
            String file = link.replaceAll("#.*", "");
            if (!link.matches("[a-z]+:.*") && file.endsWith(".md")) {
                reach(page.resolveSibling(file).normalize(), reached);
            }
        }
    }

    /** As GitHub makes them: lower case, without punctuation, hyphens for spaces, a number behind one that comes again. */
    private static Set<String> anchors(Path page) throws IOException {
        Set<String> anchors = new HashSet<>();
        Map<String, Integer> seen = new HashMap<>();
        Matcher headings = HEADING.matcher(withoutBlocks(Files.readString(page)));
        while (headings.find()) {
            String anchor = headings.group(1)
                    .toLowerCase(Locale.ROOT)
                    .replaceAll("[^\\p{L}\\p{N} _-]", "")
                    .replace(' ', '-');
            int before = seen.merge(anchor, 1, Integer::sum) - 1;
            anchors.add(before == 0 ? anchor : anchor + "-" + before);
        }
        return anchors;
    }

    private static String withoutBlocks(String text) {
        return text.replaceAll("(?ms)^```.*?^```", "");
    }

    private static String withoutCode(String text) {
        return withoutBlocks(text).replaceAll("`[^`\n]*`", "code");
    }
}
