package io.evenkeel.it.page;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.evenkeel.demo.amqp.AmqpExhibit;
import io.evenkeel.demo.amqp.broker.Broker;
import io.evenkeel.demo.page.Opening;
import io.evenkeel.demo.page.PageAct;
import io.evenkeel.demo.page.PageServer;
import io.evenkeel.demo.rsocket.RSocketExhibit;
import io.evenkeel.demo.rsocket.RSocketPod;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;

/** The tabs of AMQP and RSocket: a Pod is added, another drained, and the dots are those that the servers count. */
class OtherTabsIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final AtomicReference<@Nullable AmqpExhibit> amqp = new AtomicReference<>();
    private final AtomicReference<@Nullable RSocketExhibit> rsocket = new AtomicReference<>();

    private Map<String, Opening> exhibits() {
        Map<String, Opening> exhibits = new LinkedHashMap<>();
        exhibits.put("amqp", () -> {
            AmqpExhibit opened = AmqpExhibit.open();
            amqp.set(opened);
            return opened;
        });
        exhibits.put("rsocket", () -> {
            RSocketExhibit opened = RSocketExhibit.open();
            rsocket.set(opened);
            return opened;
        });
        return exhibits;
    }

    @Test
    void connections_of_amqp_and_rsocket_follow_their_pods() throws Exception {
        try (Chromium browser = Chromium.start();
                PageServer server = new PageAct(exhibits()).serve(0)) {
            browser.driver().get(server.address());
            // six processes with two connections each, over four brokers
            addAndDrain(browser, "amqp", "qpid-0", "qpid-3", 2);

            WebElement tab = browser.driver().findElement(By.id("tab-amqp"));
            tab.sendKeys(Keys.ARROW_RIGHT);
            assertThat(browser.script("return document.activeElement.id")).isEqualTo("tab-rsocket");
            // six processes with a connection to every Pod
            addAndDrain(browser, "rsocket", "rsocket-0", "rsocket-3", 6);
            assertThat(server.viewers()).isEqualTo(1);
        }
    }

    private void addAndDrain(Chromium browser, String tab, String drained, String added, int atLeast)
            throws IOException {
        await().atMost(PATIENCE).until(() -> dots(browser).getOrDefault(drained + " evenkeel", 0) > 0);
        browser.press("Add Pod");
        await().atMost(PATIENCE).until(() -> dots(browser).getOrDefault(added + " evenkeel", 0) >= atLeast);
        browser.screenshot(Path.of("target", "page", tab + "-scale-out.png"));
        browser.press("Drain " + drained);
        await().atMost(PATIENCE)
                .until(() -> browser.driver()
                        .findElements(By.cssSelector(".pod[data-pod=" + drained + "]"))
                        .isEmpty());
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(total(dots(browser))).isEqualTo(counted(tab)));
        assertThat(String.valueOf(browser.script(
                        "return document.querySelector('.side.evenkeel" + " [data-figure=failed]').textContent")))
                .isEqualTo("0");
    }

    /** Dots by Pod and side. */
    private static Map<String, Integer> dots(Chromium browser) {
        Map<String, Integer> counts = new TreeMap<>();
        ((List<?>) browser.script("return [...document.querySelectorAll('.dot:not(.gone):not(.leaving)')]"
                        + ".map(dot => dot.dataset.pod + ' ' + dot.dataset.side)"))
                .forEach(place -> counts.merge(String.valueOf(place), 1, Integer::sum));
        return counts;
    }

    /** Of both sides together: a server can't tell whose connections it has. */
    private static Map<String, Integer> total(Map<String, Integer> dots) {
        Map<String, Integer> totals = new TreeMap<>();
        dots.forEach((place, count) -> totals.merge(place.split(" ")[0], count, Integer::sum));
        return totals;
    }

    private Map<String, Integer> counted(String tab) throws IOException {
        Map<String, Integer> counts = new TreeMap<>();
        AmqpExhibit brokers = amqp.get();
        RSocketExhibit pods = rsocket.get();
        if (tab.equals("amqp") && brokers != null) {
            for (Broker broker : brokers.servers()) {
                counts.put(broker.name(), broker.connections());
            }
        } else if (pods != null) {
            for (RSocketPod pod : pods.servers()) {
                counts.put(pod.name(), pod.connections());
            }
        }
        counts.values().removeIf(count -> count == 0);
        return counts;
    }
}
