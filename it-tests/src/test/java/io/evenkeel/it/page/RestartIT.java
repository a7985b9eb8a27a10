package io.evenkeel.it.page;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.evenkeel.demo.page.Exhibit;
import io.evenkeel.demo.page.PageAct;
import io.evenkeel.demo.page.PageServer;
import io.evenkeel.demo.page.PodView;
import io.evenkeel.demo.page.Side;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.openqa.selenium.By;

/** The page while its server is away, and when another one has taken its place. */
class RestartIT {

    private static PageServer serve(int port, String pod) throws Exception {
        return new PageAct(Map.of("jdbc", () -> new GrowingExhibit(pod))).serve(port);
    }

    @Test
    void the_page_says_that_its_server_is_away_and_shows_the_next_one_by_itself() throws Exception {
        try (Chromium browser = Chromium.start()) {
            PageServer first = serve(0, "before");
            int port = URI.create(first.address()).getPort();
            browser.driver().get(first.address());
            await().until(() -> shows(browser, "before") && link(browser).equals("live"));
            assertThat(first.viewers()).isEqualTo(1);

            first.close();
            await().until(() -> link(browser).equals("connecting"));
            try (PageServer second = serve(port, "after")) {
                await().atMost(Duration.ofSeconds(30)).until(() -> shows(browser, "after"));
                assertThat(shows(browser, "before")).isFalse();
                // with the new server's token
                browser.driver()
                        .findElement(By.cssSelector("[data-action=add]"))
                        .click();
                await().until(() -> shows(browser, "after-2"));
                assertThat(second.viewers()).isEqualTo(1);
            }
        }
    }

    private static String link(Chromium browser) {
        return String.valueOf(browser.script("return document.getElementById('link').textContent"));
    }

    private static boolean shows(Chromium browser, String pod) {
        return !browser.driver()
                .findElements(By.cssSelector(".pod[data-pod=" + pod + "]"))
                .isEmpty();
    }

    /** Pods that can only be added. */
    private record GrowingExhibit(String pod, List<PodView> pods) implements Exhibit {
        GrowingExhibit(String pod) {
            this(pod, new CopyOnWriteArrayList<>(List.of(new PodView(pod, PodView.State.READY))));
        }

        @Override
        public int most() {
            return 2;
        }

        @Override
        public String unit() {
            return "requests";
        }

        @Override
        public List<Side> sides() {
            return List.of(
                    new Side(Side.Key.PLAIN, "Plain", 0, 0, Double.NaN, Map.of(), Map.of()),
                    new Side(Side.Key.EVENKEEL, "Evenkeel", 0, 0, Double.NaN, Map.of(), Map.of()));
        }

        @Override
        public String add() {
            pods.add(new PodView(pod + "-2", PodView.State.READY));
            return pod + "-2";
        }

        @Override
        public void terminate(String name) {}

        @Override
        public void remove(String name) {}

        @Override
        public void kill(String name) {}

        @Override
        public void reportNotReady(String name) {}

        @Override
        public void restart(String name) {}

        @Override
        public void freeze(String name) {}

        @Override
        public void resume(String name) {}

        @Override
        public void close() {}
    }
}
