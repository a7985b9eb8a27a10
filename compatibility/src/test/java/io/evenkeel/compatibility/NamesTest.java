package io.evenkeel.compatibility;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.event.EvenkeelEvent;
import io.evenkeel.micrometer.EvenkeelMeter;
import io.evenkeel.status.EndpointStatus;
import io.evenkeel.status.PoolStatus;
import io.evenkeel.status.SourceStatus;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a page names in passing exists: properties, meters and alerts. And pages are written in the words of the field. */
class NamesTest {
    private static final Pattern NAME = Pattern.compile("`(evenkeel\\.[a-z][a-z0-9.-]*[a-z0-9])(?:=[^`]*)?`");
    private static final Pattern ALERT = Pattern.compile("Evenkeel[A-Z]\\w+");
    private static final Pattern WORDS = Pattern.compile(
            "(?i)\\b(nobody|somebody|someone|anybody|whoever|everybody|everyone|(?:is|are|be) told(?! apart| from)|told of|"
                    + "hears|gives up|give up|given up|lets go|let go|whatever|whom)\\b");

    static List<Path> pages() throws IOException {
        return Documentation.pages().stream()
                .filter(page -> !page.endsWith("CHANGELOG.md") && !page.endsWith("CONTRIBUTING.md"))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("pages")
    void a_property_or_meter_that_is_named_exists(Path page) throws IOException {
        Set<String> known = new TreeSet<>(SettingsPageTest.properties().keySet());
        Arrays.stream(EvenkeelMeter.values()).map(EvenkeelMeter::meterName).forEach(known::add);
        Matcher names = NAME.matcher(Files.readString(page));
        while (names.find()) {
            String name = names.group(1);
            assertThat(known)
                    .as("%s names %s", Documentation.name(page), name)
                    .anyMatch(each -> each.equals(name) || each.startsWith(name + "."));
        }
    }

    @Test
    void every_event_and_every_field_of_the_status_is_explained() throws IOException {
        String page = Documentation.text("operations.md");
        Stream.of(EvenkeelEvent.class.getPermittedSubclasses())
                .forEach(event -> assertThat(page).contains("`" + event.getSimpleName() + "`"));
        for (Class<?> status : List.of(PoolStatus.class, EndpointStatus.class, SourceStatus.class)) {
            for (RecordComponent field : status.getRecordComponents()) {
                assertThat(page)
                        .as("%s of %s", field.getName(), status.getSimpleName())
                        .contains("`" + field.getName() + "`");
            }
        }
    }

    @Test
    void every_alert_has_its_row_and_every_row_is_an_alert() throws IOException {
        Matcher rules = Pattern.compile("- alert: (\\w+)")
                .matcher(Files.readString(Documentation.ROOT.resolve("deploy/prometheus/evenkeel-alerts.yaml")));
        Set<String> alerts = new TreeSet<>();
        while (rules.find()) {
            alerts.add(rules.group(1));
        }
        Set<String> rows = new TreeSet<>();
        Documentation.text("alerts.md")
                .lines()
                .filter(line -> line.startsWith("| `"))
                .forEach(line -> rows.add(line.substring(3, line.indexOf('`', 3))));
        assertThat(rows).isEqualTo(alerts).allMatch(name -> ALERT.matcher(name).matches());
    }

    @ParameterizedTest
    @MethodSource("pages")
    void a_page_is_written_in_the_words_of_the_field(Path page) throws IOException {
        Matcher words = WORDS.matcher(Files.readString(page));
        assertThat(words.find() ? words.group() : "")
                .as(Documentation.name(page))
                .isEmpty();
    }
}
