package io.evenkeel.it.page;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.evenkeel.demo.JdbcExhibit;
import io.evenkeel.demo.page.PageAct;
import io.evenkeel.demo.page.PageServer;
import io.evenkeel.it.RequiresPostgres;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * Ten viewers watch while one of them presses buttons at random: {@code evenkeel.page.seconds} long, by default
 * {@value #SECONDS}; {@code evenkeel.page.seed} replays the presses of another run. Heap and threads are those of this
 * JVM, with the servers' clients and the load in it.
 */
@RequiresPostgres
class ViewersIT {
    private static final int SECONDS = 16;
    private static final int VIEWERS = 10;
    private static final int SERVICE_CONNECTIONS = 48;
    private static final List<String> ACTIONS = List.of("add", "drain", "kill", "freeze", "rolling-update");
    private static final Pattern TOKEN = Pattern.compile("evenkeel-token\" content=\"([0-9a-f]+)\"");

    @Test
    void ten_viewers_cost_ten_threads_and_no_memory() throws Exception {
        int seconds = Integer.getInteger("evenkeel.page.seconds", SECONDS);
        long seed = Long.getLong("evenkeel.page.seed", System.nanoTime());
        System.out.println("ViewersIT seed " + seed + ", " + seconds + " s");
        List<Thread> threads = new ArrayList<>();
        AtomicReference<String> newest = new AtomicReference<>("");
        try (PageServer server = new PageAct(Map.of("jdbc", JdbcExhibit::open)).serve(0)) {
            HttpClient client = HttpClient.newHttpClient();
            for (int i = 0; i < VIEWERS; i++) {
                Thread viewer = new Thread(() -> watch(client, server.address(), newest), "viewer-" + i);
                viewer.setDaemon(true);
                viewer.start();
                threads.add(viewer);
            }
            await().atMost(Duration.ofSeconds(60)).until(() -> newest.get().contains("\"phase\":\"open\""));
            assertThat(server.viewers()).isEqualTo(VIEWERS);
            Player player = new Player(client, server);
            Figures warm = play(player, newest, new Random(seed), seconds / 4);
            Figures end = play(player, newest, new Random(seed + 1), seconds - seconds / 4);
            System.out.println("ViewersIT after a quarter: " + warm + "; at the end: " + end);
            assertThat(server.viewers()).isEqualTo(VIEWERS);
            assertThat(end.threads()).isLessThanOrEqualTo(warm.threads() + 10);
            assertThat(end.heapMiB()).isLessThanOrEqualTo(warm.heapMiB() + 20);
            // two for each connection through the Service, and one that accepts; HikariCP opens those it lost
            // when it likes
            assertThat(end.serviceThreads()).isLessThanOrEqualTo(2 * SERVICE_CONNECTIONS + 5);
        }
        for (Thread viewer : threads) {
            viewer.join(Duration.ofSeconds(10).toMillis());
            assertThat(viewer.isAlive()).isFalse();
        }
    }

    /** Presses buttons at random for so long, and then those that lead back to three Pods that serve. */
    private static Figures play(Player player, AtomicReference<String> newest, Random random, int seconds)
            throws Exception {
        long end = System.nanoTime() + Duration.ofSeconds(seconds).toNanos();
        int presses = 0;
        while (System.nanoTime() - end < 0) {
            List<String> pods = pods(newest.get());
            String action = ACTIONS.get(random.nextInt(ACTIONS.size()));
            player.press(action, pods.get(random.nextInt(pods.size())));
            presses++;
            Thread.sleep(1_000 + random.nextInt(1_000));
        }
        await().atMost(Duration.ofMinutes(2))
                .pollInterval(Duration.ofSeconds(1))
                .until(() -> isCalm(player, newest.get()));
        // connections that moved last, and those that a client opens again only now and then
        Thread.sleep(5_000);
        System.gc();
        Thread.sleep(500);
        System.gc();
        long used = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
        List<String> threads = Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                // the JDK's: one waits for each process that ran, and ends when it was idle for a minute
                .filter(name -> !name.startsWith("process reaper"))
                .toList();
        int service = (int) threads.stream()
                .filter(name -> name.startsWith("evenkeel-demo-service-"))
                .count();
        return new Figures(presses, used >> 20, threads.size() - service, service);
    }

    /** Whether three Pods serve and nothing is under way; presses what leads there. */
    private static boolean isCalm(Player player, String state) throws Exception {
        List<String> pods = pods(state);
        boolean still = !state.contains("\"rolling-update\":false") && !state.contains("\"free\":false");
        if (pods.size() < 3) {
            // Not only where nothing is under way: the last Pod can never be struck, and so looks busy for good.
            player.press("add", pods.get(0));
        } else if (pods.size() == 8 || (still && pods.size() > 3)) {
            // where there is no room, no rolling update can begin either
            player.press("drain", pods.get(0));
        }
        return still && pods.size() == 3;
    }

    private static List<String> pods(String state) {
        List<String> pods = new ArrayList<>();
        JsonParser.parseString(state)
                .getAsJsonObject()
                .getAsJsonArray("pods")
                .forEach(pod -> pods.add(pod.getAsJsonObject().get("name").getAsString()));
        return pods;
    }

    /** A viewer who presses buttons. */
    private record Player(HttpClient client, PageServer server) {
        void press(String action, String pod) throws Exception {
            JsonObject wish = new JsonObject();
            wish.addProperty("exhibit", "jdbc");
            wish.addProperty("action", action);
            if (!action.equals("add") && !action.equals("rolling-update")) {
                wish.addProperty("pod", pod);
            }
            Matcher token = TOKEN.matcher(client.send(
                            HttpRequest.newBuilder(URI.create(server.address())).build(), BodyHandlers.ofString())
                    .body());
            assertThat(token.find()).isTrue();
            HttpRequest request = HttpRequest.newBuilder(URI.create(server.address() + "act"))
                    .header("Origin", server.address().replaceAll("/$", ""))
                    .header("X-Evenkeel-Token", token.group(1))
                    .POST(BodyPublishers.ofString(wish.toString()))
                    .build();
            // 409: busy, the last one, or no room
            assertThat(client.send(request, BodyHandlers.discarding()).statusCode())
                    .isIn(202, 409);
        }
    }

    private static void watch(HttpClient client, String address, AtomicReference<String> newest) {
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(
                client.send(
                                HttpRequest.newBuilder(URI.create(address + "events?jdbc"))
                                        .build(),
                                BodyHandlers.ofInputStream())
                        .body(),
                StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith("data: ")) {
                    newest.set(line.substring("data: ".length()));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** @param threads without the JDK's for processes, and without those that stand for kube-proxy */
    private record Figures(int presses, long heapMiB, int threads, int serviceThreads) {}
}
