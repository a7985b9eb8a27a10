package io.evenkeel.demo.page;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.demo.ActUnavailableException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PageServerTest {
    private static final Pattern TOKEN = Pattern.compile("evenkeel-token\" content=\"([0-9a-f]{32})\"");

    private final FakeExhibit exhibit = new FakeExhibit(3, 5);
    private final HttpClient client = HttpClient.newHttpClient();
    private final PageServer server = start(Map.of("fake", () -> exhibit, "broken", () -> {
        throw new ActUnavailableException("PostgreSQL can't be run here: no such program");
    }));

    private static PageServer start(Map<String, Opening> exhibits) {
        try {
            return PageServer.start(0, exhibits);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @AfterEach
    void end() {
        server.close();
    }

    private HttpResponse<String> get(String path) throws Exception {
        return client.send(request(path).build(), BodyHandlers.ofString());
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(server.address()).resolve(path));
    }

    private String token() throws Exception {
        Matcher token = TOKEN.matcher(get("/").body());
        assertThat(token.find()).isTrue();
        return token.group(1);
    }

    private HttpResponse<String> act(String origin, String token, String body) throws Exception {
        return client.send(
                request("/act")
                        .header("Origin", origin)
                        .header("X-Evenkeel-Token", token)
                        .POST(BodyPublishers.ofString(body))
                        .build(),
                BodyHandlers.ofString());
    }

    private String origin() {
        return server.address().replaceAll("/$", "");
    }

    /** The first event of this kind. */
    private String event(String exhibitName, String containing) throws Exception {
        InputStream body = client.send(request("/events?" + exhibitName).build(), BodyHandlers.ofInputStream())
                .body();
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(body, StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith("data: ") && line.contains(containing)) {
                    return line.substring("data: ".length());
                }
            }
        }
        return "";
    }

    @Test
    void it_listens_on_loopback_and_serves_four_files_with_a_policy_that_forbids_everything_foreign() throws Exception {
        assertThat(server.address()).startsWith("http://127.0.0.1:");
        for (String path : List.of("/", "/page.css", "/page.js", "/icon.svg")) {
            HttpResponse<String> file = get(path);
            assertThat(file.statusCode()).as(path).isEqualTo(200);
            assertThat(file.headers().firstValue("Content-Security-Policy").orElse(""))
                    .startsWith("default-src 'none'");
        }
        assertThat(get("/page.html/../PageServer.class").statusCode()).isEqualTo(404);
        assertThat(get("/package-info.class").statusCode()).isEqualTo(404);
    }

    @Test
    void the_first_viewer_opens_the_exhibit_and_sees_its_pods() throws Exception {
        assertThat(event("fake", "\"phase\":\"open\""))
                .contains("\"name\":\"pod-0\",\"state\":\"ready\",\"free\":true")
                .contains("\"text\":\"3 Pods are ready\"");
    }

    @Test
    void an_exhibit_that_cannot_be_shown_says_why() throws Exception {
        assertThat(event("broken", "unavailable")).contains("PostgreSQL can\\u0027t be run here: no such program");
        assertThat(get("/events?opera").statusCode()).isEqualTo(404);
    }

    @Test
    void a_button_of_this_page_is_obeyed() throws Exception {
        event("fake", "\"phase\":\"open\"");
        assertThat(act(origin(), token(), "{\"exhibit\":\"fake\",\"action\":\"add\"}")
                        .statusCode())
                .isEqualTo(202);
        assertThat(event("fake", "pod-3")).contains("pod-3 is ready");
    }

    @Test
    void what_cannot_be_done_is_answered_with_the_reason() throws Exception {
        event("fake", "\"phase\":\"open\"");
        HttpResponse<String> answer =
                act(origin(), token(), "{\"exhibit\":\"fake\",\"action\":\"kill\",\"pod\":\"pod-9\"}");
        assertThat(answer.statusCode()).isEqualTo(409);
        assertThat(answer.body()).isEqualTo("pod-9 does not exist any more");
    }

    @Test
    void another_site_in_the_same_browser_changes_nothing() throws Exception {
        event("fake", "\"phase\":\"open\"");
        String add = "{\"exhibit\":\"fake\",\"action\":\"add\"}";
        assertThat(act("https://evil.example", token(), add).statusCode()).isEqualTo(403);
        assertThat(act(origin(), "00000000000000000000000000000000", add).statusCode())
                .isEqualTo(403);
        assertThat(get("/act").statusCode()).isEqualTo(405);
        assertThat(exhibit.done).isEmpty();
    }

    @Test
    void a_name_that_was_rebound_to_loopback_is_refused() throws Exception {
        int port = URI.create(server.address()).getPort();
        try (Socket socket = new Socket("127.0.0.1", port)) {
            OutputStream out = socket.getOutputStream();
            out.write(("GET / HTTP/1.1\r\nHost: evil.example:" + port + "\r\nConnection: close\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
            assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                    .startsWith("HTTP/1.1 403")
                    .doesNotContain("evenkeel-token");
        }
    }

    @Test
    void what_is_no_wish_is_refused() throws Exception {
        for (String body : List.of(
                "",
                "[]",
                "{",
                "null",
                "{\"exhibit\":\"fake\"}",
                "{\"exhibit\":\"fake\",\"action\":\"explode\"}",
                "{\"exhibit\":\"fake\",\"action\":\"add\",\"pod\":\"pod-0\"}",
                "{\"exhibit\":\"fake\",\"action\":\"kill\"}",
                "{\"exhibit\":\"fake\",\"action\":\"add\",\"more\":\"" + "x".repeat(2_000) + "\"}")) {
            assertThat(act(origin(), token(), body).statusCode()).as(body).isEqualTo(400);
        }
    }

    @Test
    void closing_it_ends_the_streams_and_the_exhibit() throws Exception {
        event("fake", "\"phase\":\"open\"");
        server.close();
        assertThat(exhibit.closed).isTrue();
    }
}
