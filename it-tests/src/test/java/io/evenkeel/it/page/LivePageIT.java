package io.evenkeel.it.page;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.evenkeel.demo.JdbcExhibit;
import io.evenkeel.demo.page.PageAct;
import io.evenkeel.demo.page.PageServer;
import io.evenkeel.demo.postgres.PostgresServer;
import io.evenkeel.it.RequiresPostgres;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;

/**
 * A viewer plays with real PostgreSQL servers on the page, and what the page shows is compared with what the servers
 * count themselves. Screenshots are left in {@code target/page}.
 */
@RequiresPostgres
class LivePageIT {
    private static final Path SCREENSHOTS = Path.of("target", "page");
    private static final int CONNECTIONS = 48;
    private static final int SHARE_SECONDS = 8;
    private static final Duration PATIENCE = Duration.ofSeconds(40);

    private static final AtomicReference<@Nullable JdbcExhibit> EXHIBIT = new AtomicReference<>();
    private static @Nullable PageServer server;
    private static @Nullable Chromium chromium;

    @BeforeAll
    static void open() throws Exception {
        Chromium started = Chromium.start();
        chromium = started;
        PageServer page = new PageAct(Map.of("jdbc", () -> {
                    JdbcExhibit opened = JdbcExhibit.open();
                    EXHIBIT.set(opened);
                    return opened;
                }))
                .serve(0);
        server = page;
        started.driver().get(page.address());
        await().atMost(Duration.ofSeconds(60)).until(() -> pods().size() == 3);
    }

    @AfterAll
    static void close() {
        if (chromium != null) {
            chromium.close();
        }
        if (server != null) {
            server.close();
        }
    }

    private static Chromium browser() {
        Chromium current = chromium;
        if (current == null) {
            throw new IllegalStateException("browser: none (expected: started)");
        }
        return current;
    }

    private static JdbcExhibit exhibit() {
        JdbcExhibit current = EXHIBIT.get();
        if (current == null) {
            throw new IllegalStateException("exhibit: none (expected: open)");
        }
        return current;
    }

    @BeforeEach
    void three_pods_serve() {
        browser().size(1280, 900);
        browser().theme("light");
        await().atMost(PATIENCE).until(() -> pods().values().stream().allMatch("ready"::equals));
        while (pods().size() > 3) {
            String last = last();
            browser().press("Drain " + last);
            await().atMost(PATIENCE).until(() -> !pods().containsKey(last));
        }
        await().atMost(PATIENCE).until(LivePageIT::isEvenAndStill);
    }

    @Test
    void connections_move_to_a_pod_that_is_added() throws Exception {
        record(browser());
        browser().press("Add Pod");
        await().atMost(PATIENCE).until(() -> pods().size() == 4);
        String added = last();
        await().atMost(PATIENCE).until(() -> shown(added, "evenkeel") == CONNECTIONS / 4);
        await().atMost(PATIENCE)
                .until(() -> browser()
                        .script("return document.querySelector('.dot.moving')")
                        .equals(""));

        Journeys journeys = recorded(browser());
        assertThat(journeys.moved("evenkeel")).isEqualTo(CONNECTIONS / 4);
        assertThat(journeys.betweenPods("evenkeel")).isEqualTo(CONNECTIONS / 4);
        assertThat(journeys.moved("plain")).isZero();
        await().atMost(PATIENCE).untilAsserted(LivePageIT::connectionsAreThoseThatTheServersCount);
        sharesAreThoseThatTheServersCount();
    }

    @Test
    void a_scale_out_is_seen_in_both_themes_and_on_a_phone() throws IOException {
        browser().press("Add Pod");
        await().pollInterval(Duration.ofMillis(50))
                .atMost(PATIENCE)
                .until(() -> pods().size() == 4 && dotsAt(last(), "evenkeel") >= CONNECTIONS / 12);
        assertThat(screenshots("scale-out")).hasSize(4).doesNotHaveDuplicates();
    }

    @Test
    void a_rolling_update_replaces_every_pod() throws Exception {
        Set<String> before = new LinkedHashSet<>(pods().keySet());
        browser().press("Rolling update");
        await().atMost(PATIENCE).until(() -> pods().containsValue("terminating"));
        // the second Pod leaves: the first ones have come and their connections with them
        await().atMost(PATIENCE)
                .until(() -> before.stream().filter(pods()::containsKey).count() == 2);
        await().atMost(PATIENCE).until(() -> pods().containsValue("terminating"));
        assertThat(screenshots("rolling-update")).hasSize(4).doesNotHaveDuplicates();
        await().atMost(Duration.ofSeconds(90)).until(() -> timeline().contains("rolling update is over"));

        assertThat(pods().keySet()).hasSize(3).doesNotContainAnyElementsOf(before);
        await().atMost(PATIENCE).untilAsserted(LivePageIT::connectionsAreThoseThatTheServersCount);
        await().atMost(PATIENCE)
                .untilAsserted(() -> pods().keySet()
                        .forEach(pod -> assertThat(shown(pod, "evenkeel")).isEqualTo(CONNECTIONS / 3)));
    }

    @Test
    void every_button_does_what_it_says() {
        List<String> names = new ArrayList<>(pods().keySet());
        browser().press("Kill " + names.get(0));
        await().atMost(PATIENCE).until(() -> "killed".equals(pods().get(names.get(0))));
        browser().press("Freeze " + names.get(1));
        await().atMost(PATIENCE).until(() -> "frozen".equals(pods().get(names.get(1))));
        // the last one that serves stays
        assertThat(browser().button("Drain " + names.get(2)).getAttribute("aria-disabled"))
                .isEqualTo("true");
        await().atMost(PATIENCE).until(() -> pods().values().stream().allMatch("ready"::equals));
        browser().press("Drain " + names.get(2));
        await().atMost(PATIENCE).until(() -> "terminating".equals(pods().get(names.get(2))));
        await().atMost(PATIENCE).until(() -> !pods().containsKey(names.get(2)));
        browser().press("Add Pod");
        await().atMost(PATIENCE).until(() -> pods().size() == 3);

        assertThat(timeline())
                .contains(
                        names.get(0) + " is killed",
                        names.get(0) + " is back",
                        names.get(1) + " is frozen for 6 s",
                        names.get(1) + " goes on",
                        names.get(2) + " is terminating, 6 s of grace",
                        names.get(2) + " is gone");
    }

    @Test
    void the_keyboard_reaches_every_button_and_keeps_its_place() {
        browser().script("document.activeElement.blur()");
        Set<String> reached = new LinkedHashSet<>();
        for (int i = 0; i < 30; i++) {
            browser().driver().switchTo().activeElement().sendKeys(Keys.TAB);
            reached.add(focused());
        }
        List<String> expected = new ArrayList<>(List.of("JDBC", "Add Pod", "Rolling update"));
        pods().keySet().forEach(pod -> expected.addAll(List.of("Drain " + pod, "Kill " + pod, "Freeze " + pod)));
        assertThat(reached).containsAll(expected);

        String last = last();
        browser().script("arguments[0].focus()", browser().button("Freeze " + last));
        browser().driver().switchTo().activeElement().sendKeys(Keys.SPACE);
        await().atMost(PATIENCE).until(() -> "frozen".equals(pods().get(last)));
        await().atMost(PATIENCE).until(() -> "ready".equals(pods().get(last)));
        // dozens of states later
        assertThat(focused()).isEqualTo("Freeze " + last);
    }

    @Test
    void the_page_asks_nothing_of_any_other_machine_and_its_console_stays_empty() {
        Set<String> hosts = new HashSet<>();
        for (LogEntry entry : browser().driver().manage().logs().get(LogType.PERFORMANCE)) {
            JsonObject sent =
                    JsonParser.parseString(entry.getMessage()).getAsJsonObject().getAsJsonObject("message");
            if (sent.get("method").getAsString().equals("Network.requestWillBeSent")) {
                hosts.add(URI.create(sent.getAsJsonObject("params")
                                .getAsJsonObject("request")
                                .get("url")
                                .getAsString())
                        .getAuthority());
            }
        }
        URI own = URI.create(String.valueOf(browser().script("return location.href")));
        assertThat(hosts).isSubsetOf(own.getAuthority());
        assertThat(browser().driver().manage().logs().get(LogType.BROWSER).getAll())
                .isEmpty();
    }

    @Test
    void it_fits_a_phone() {
        browser().size(390, 844);
        assertThat((Long) browser().script("return document.documentElement.scrollWidth"))
                .isLessThanOrEqualTo(390);
        List<WebElement> buttons = browser().driver().findElements(By.cssSelector("main button, #tabs button"));
        assertThat(buttons)
                .filteredOn(WebElement::isDisplayed)
                .allSatisfy(button -> assertThat(
                                button.getRect().getX() + button.getRect().getWidth())
                        .isLessThanOrEqualTo(390));
    }

    private static List<String> screenshots(String name) throws IOException {
        List<String> pictures = new ArrayList<>();
        for (String theme : List.of("light", "dark")) {
            browser().theme(theme);
            browser().size(1280, 800);
            pictures.add(browser().screenshot(SCREENSHOTS.resolve(name + "-desktop-" + theme + ".png")));
            browser().size(390, 844);
            pictures.add(browser().screenshot(SCREENSHOTS.resolve(name + "-phone-" + theme + ".png")));
        }
        browser().theme("light");
        browser().size(1280, 900);
        return pictures;
    }

    private static void connectionsAreThoseThatTheServersCount() throws SQLException {
        for (PostgresServer pod : exhibit().servers()) {
            Map<String, Integer> counted = pod.connections();
            for (String side : List.of("plain", "evenkeel")) {
                int there = counted.entrySet().stream()
                        .filter(entry -> entry.getKey().startsWith(side + "-"))
                        .mapToInt(Map.Entry::getValue)
                        .sum();
                assertThat(shown(pod.name(), side))
                        .as(side + " at " + pod.name())
                        .isEqualTo(there);
                assertThat(dotsAt(pod.name(), side))
                        .as(side + " drawn at " + pod.name())
                        .isEqualTo(there);
            }
        }
    }

    /** Each Pod's part of what both sides say that they were answered is its part of the queries in all servers' logs. */
    private static void sharesAreThoseThatTheServersCount() throws Exception {
        logStatements("all");
        // the page shows the last three seconds
        Thread.sleep(3_000);
        Map<String, Double> before = logged();
        Map<String, Double> shown = new TreeMap<>();
        for (int second = 0; second < SHARE_SECONDS; second++) {
            Thread.sleep(1_000);
            for (String side : List.of("plain", "evenkeel")) {
                pods().keySet().forEach(pod -> shown.merge(pod, rate(side) * share(pod, side), Double::sum));
            }
        }
        Map<String, Double> counted = new TreeMap<>();
        logged().forEach((pod, count) -> counted.put(pod, count - before.getOrDefault(pod, 0.0)));
        logStatements("none");
        assertThat(counted.keySet()).isEqualTo(shown.keySet());
        assertThat(sum(counted)).isGreaterThan(1_000);
        shown.forEach((pod, answers) -> assertThat(answers / sum(shown))
                .as("share of " + pod + " by " + shown + ", servers count " + counted)
                .isCloseTo(counted.getOrDefault(pod, 0.0) / sum(counted), withinPercentage(10)));
    }

    private static void logStatements(String which) throws SQLException {
        for (PostgresServer pod : exhibit().servers()) {
            pod.execute("alter system set log_statement = '" + which + "'");
            pod.execute("select pg_reload_conf()");
        }
    }

    private static double sum(Map<String, Double> counts) {
        return counts.values().stream().mapToDouble(Double::doubleValue).sum();
    }

    private static double rate(String side) {
        String text = String.valueOf(
                browser().script("return document.querySelector('.side." + side + " [data-figure=rate]').textContent"));
        return Double.parseDouble(text.replace(" /s", ""));
    }

    private static Map<String, Double> logged() throws IOException {
        Map<String, Double> counts = new TreeMap<>();
        for (PostgresServer pod : exhibit().servers()) {
            counts.put(pod.name(), (double) pod.logged("pg_sleep(0.004)"));
        }
        return counts;
    }

    private static String focused() {
        return String.valueOf(browser()
                .script("const e = document.activeElement; return e.getAttribute('aria-label') || e.textContent"));
    }

    /** State by name, in the order of the page. */
    private static Map<String, String> pods() {
        Map<String, String> states = new LinkedHashMap<>();
        for (Object pod : (List<?>) browser()
                .script("return [...document.querySelectorAll('#board:not([hidden]) .pod')]"
                        + ".map(pod => pod.dataset.pod + '=' + pod.dataset.state)")) {
            String[] parts = String.valueOf(pod).split("=", 2);
            states.put(parts[0], parts[1]);
        }
        return states;
    }

    private static String last() {
        List<String> names = new ArrayList<>(pods().keySet());
        return names.get(names.size() - 1);
    }

    private static List<String> timeline() {
        return ((List<?>)
                        browser()
                                .script(
                                        "return [...document.querySelectorAll('#timeline span')].map(text => text.textContent)"))
                .stream().map(String::valueOf).collect(Collectors.toList());
    }

    private static boolean isEvenAndStill() {
        return browser().script("return document.querySelector('.dot.moving')").equals("")
                && pods().keySet().stream().allMatch(pod -> dotsAt(pod, "evenkeel") == CONNECTIONS / 3);
    }

    private static long dotsAt(String pod, String side) {
        return (Long) browser()
                .script("return document.querySelectorAll('.dot." + side + ":not(.gone)[data-pod=\"" + pod
                        + "\"]').length");
    }

    private static int shown(String pod, String side) {
        return Integer.parseInt(String.valueOf(browser()
                .script("return document.querySelector('.cell." + side + "[data-pod=\"" + pod
                        + "\"]').dataset.connections")));
    }

    private static double share(String pod, String side) {
        String text = String.valueOf(browser()
                .script("return document.querySelector('.cell." + side + "[data-pod=\"" + pod
                        + "\"] .share span').textContent"));
        return Integer.parseInt(text.replace(" %", "")) / 100.0;
    }

    /** From now on, where every dot is in every frame that the browser draws. */
    private static void record(Chromium browser) {
        browser.script("""
                const journeys = new Map();
                window.journeys = journeys;
                window.recording = true;
                const look = () => {
                  document.querySelectorAll('.dot').forEach(dot => {
                    const box = dot.getBoundingClientRect();
                    const cell = [...document.querySelectorAll('.cell')].find(candidate => {
                      const c = candidate.getBoundingClientRect();
                      return box.left >= c.left && box.right <= c.right && box.top >= c.top && box.bottom <= c.bottom;
                    });
                    const seen = journeys.get(dot.dataset.id) || {side: dot.dataset.side, pods: [], between: 0};
                    if (cell === undefined) {
                      seen.between++;
                    } else if (seen.pods[seen.pods.length - 1] !== cell.dataset.pod) {
                      seen.pods.push(cell.dataset.pod);
                    }
                    journeys.set(dot.dataset.id, seen);
                  });
                  if (window.recording) {
                    requestAnimationFrame(look);
                  }
                };
                requestAnimationFrame(look);
                """);
    }

    private static Journeys recorded(Chromium browser) {
        Object all = browser.script("window.recording = false; return [...window.journeys.values()]");
        return new Journeys((List<?>) all);
    }

    /** What was seen of each dot: the cells that it was in, and in how many frames it was in none. */
    private record Journeys(List<?> all) {
        long moved(String side) {
            return all.stream()
                    .map(Map.class::cast)
                    .filter(dot -> side.equals(dot.get("side")))
                    .filter(dot -> ((List<?>) dot.get("pods")).size() > 1)
                    .count();
        }

        /** Those that were seen outside of every cell on their way. */
        long betweenPods(String side) {
            return all.stream()
                    .map(Map.class::cast)
                    .filter(dot -> side.equals(dot.get("side")))
                    .filter(dot ->
                            ((List<?>) dot.get("pods")).size() > 1 && ((Number) dot.get("between")).intValue() > 0)
                    .count();
        }
    }
}
