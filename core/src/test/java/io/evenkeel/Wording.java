package io.evenkeel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The word list of CONTRIBUTING.md, "Language": words that name no role of this field. Looked for in the comments and messages
 * of main code, not in its identifiers.
 */
public final class Wording {

    private static final int LONGEST_LINE = 120;

    private static final Pattern WORDS = Pattern.compile(
            "(?i)\\b(nobody|somebody|someone|anybody|whoever|everybody|everyone|(?:is|are|be) told(?! apart| from)|told of|tells whom|"
                    + "hears|gives up|give up|given up|lets go|let go|whatever|whom)\\b");

    /** A line of a word or two in the midst of a comment, after one that is full: a formatter has wrapped it again. */
    private static final Pattern BROKEN_COMMENT =
            Pattern.compile("(?m)^( *)// .{80,}\\R\\1// \\S+(?: \\S+)?\\R\\1// \\S");

    private static final Pattern TEXT =
            Pattern.compile("/\\*.*?\\*/|//[^\\n]*|\"(?:\\\\.|[^\"\\\\\\n])*\"", Pattern.DOTALL);

    private Wording() {}

    /** Each line of a module's main code that has such a word, is too long or a comment wrapped twice, as {@code File.java:12: …}. */
    public static List<String> offences(Path sources) throws IOException {
        List<String> offences = new ArrayList<>();
        try (Stream<Path> files = Files.walk(sources)) {
            for (Path file : files.filter(path -> path.toString().endsWith(".java"))
                    .sorted()
                    .toList()) {
                look(file, offences);
            }
        }
        return offences;
    }

    private static long lineOf(String source, int at) {
        return source.substring(0, at).chars().filter(c -> c == '\n').count() + 1;
    }

    private static void look(Path file, List<String> offences) throws IOException {
        String source = Files.readString(file);
        Matcher text = TEXT.matcher(source);
        while (text.find()) {
            Matcher word = WORDS.matcher(text.group());
            while (word.find()) {
                int at = text.start() + word.start();
                offences.add(file.getFileName() + ":" + lineOf(source, at) + ": " + word.group());
            }
        }
        Matcher broken = BROKEN_COMMENT.matcher(source);
        while (broken.find()) {
            offences.add(
                    file.getFileName() + ":" + lineOf(source, broken.start()) + ": a comment that is wrapped twice");
        }
        int line = 0;
        for (String each : source.lines().toList()) {
            line++;
            if (each.length() > LONGEST_LINE) {
                offences.add(file.getFileName() + ":" + line + ": " + each.length() + " characters");
            }
        }
    }
}
