package io.evenkeel.compatibility;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.rsocket.NoEndpointException;
import io.evenkeel.status.FailureCause;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * docs/troubleshooting.md has a row for every message that people see, in the words of the code, with {@code …} for what is filled
 * in, and no other. A message that is new or changed needs its row in the same commit.
 */
class MessagesTest {
    private static final String PAGE = "troubleshooting.md";
    private static final Pattern ROW = Pattern.compile("^\\| `([^`]+)` \\|", Pattern.MULTILINE);
    private static final Pattern WORDS = Pattern.compile("[a-z]{2,}.*[a-z]{2,}");

    private static final String WHY = "rows of docs/" + PAGE + ", for which the code has the messages";
    private static final Pattern SENTENCE = Pattern.compile("[a-z]{2,}\\S* .*[a-z]{2,}");

    /** Whose messages aren't ours to explain: they keep the words of the JDK's sockets. */
    private static final Set<String> AS_THE_JDK =
            Set.of("ChannelSocket.java", "ChannelInput.java", "ReadyWait.java", "SocketFailures.java");

    @Test
    void every_log_line_has_a_row_and_every_row_is_logged() throws IOException {
        Set<String> logged = Sources.read().logged().stream()
                .map(Sources.Message::text)
                .filter(MessagesTest::saysSomething)
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(logged).hasSizeGreaterThan(60);
        assertThat(rows("What is logged")).as(WHY).containsExactlyInAnyOrderElementsOf(logged);
    }

    /** A message of the form {@code name: value (expected: …)} explains itself; one row is about all of them. */
    @Test
    void every_exception_that_does_not_say_what_was_expected_has_a_row_and_every_row_is_thrown() throws IOException {
        Set<String> thrown = Sources.read().thrown().stream()
                .filter(message -> !AS_THE_JDK.contains(message.file()))
                .map(Sources.Message::text)
                .filter(text -> !text.contains("(expected"))
                .filter(text -> SENTENCE.matcher(text).find())
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(thrown).hasSizeGreaterThan(50);
        assertThat(rows("Other exceptions")).as(WHY).containsExactlyInAnyOrderElementsOf(thrown);
    }

    @Test
    void every_cause_of_a_missing_connection_has_a_row_with_its_own_words() throws IOException {
        assertThat(rows("No connection"))
                .isEqualTo(Stream.of(FailureCause.values())
                        .map(FailureCause::summary)
                        .collect(Collectors.toCollection(TreeSet::new)));
        String section = section("No connection");
        for (FailureCause cause : FailureCause.values()) {
            assertThat(section).as("what to do about %s", cause).contains(cause.advice());
        }
    }

    @Test
    void every_reason_of_an_rsocket_request_without_a_connection_has_a_row() throws IOException {
        assertThat(rows("RSocket's exceptions"))
                .containsAll(Arrays.stream(NoEndpointException.Reason.values())
                        .map(Enum::name)
                        .toList());
    }

    /** Reasons are put together of parts: each part of a row is a text of the code. */
    @Test
    void every_reason_that_has_a_row_is_one_of_the_code() throws IOException {
        Sources sources = Sources.read();
        assertThat(rows("Reasons"))
                .hasSizeGreaterThan(20)
                .allSatisfy(row -> assertThat(List.of(row.split("…")))
                        .filteredOn(MessagesTest::saysSomething)
                        .isNotEmpty()
                        .as(row)
                        .allMatch(sources::says));
    }

    /** A format of nothing but places to fill in is not a message: what fills them in is. */
    private static boolean saysSomething(String text) {
        return WORDS.matcher(text.replace("Pool", "")).find();
    }

    private static Set<String> rows(String section) throws IOException {
        Set<String> rows = new TreeSet<>();
        Matcher found = ROW.matcher(section(section));
        while (found.find()) {
            assertThat(rows.add(found.group(1).replace("\\|", "|")))
                    .as("one row of " + found.group(1))
                    .isTrue();
        }
        return rows;
    }

    private static String section(String title) throws IOException {
        String page = Documentation.text(PAGE);
        int from = page.indexOf("\n## " + title + "\n");
        assertThat(from).as("docs/%s has the section %s", PAGE, title).isNotNegative();
        int to = page.indexOf("\n## ", from + 1);
        return page.substring(from, to < 0 ? page.length() : to);
    }
}
