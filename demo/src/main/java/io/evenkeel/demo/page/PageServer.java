package io.evenkeel.demo.page;

import com.google.gson.Gson;
import com.google.gson.JsonSyntaxException;
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Serves the live page on 127.0.0.1, and nothing else. Any user of this machine can see it and press its buttons; a web
 * site that is open in the same browser can't: requests must name this server as their host (a name that was rebound to
 * 127.0.0.1 is refused), and those that change something must come from this page and carry the token that only it has.
 * The page loads nothing from elsewhere, which its Content-Security-Policy enforces.
 *
 * <p>Thread-safe. Each viewer has a thread of the server while it looks, at most {@value #MOST_VIEWERS} at once.
 */
public final class PageServer implements AutoCloseable {
    static final int MOST_VIEWERS = 32;

    private static final String POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
            + " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    private static final int MOST_BODY = 1_000;
    private static final long LAST_EVENTS_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final Map<String, String> TYPES = Map.of(
            "page.html", "text/html; charset=utf-8",
            "page.css", "text/css; charset=utf-8",
            "page.js", "text/javascript; charset=utf-8",
            "icon.svg", "image/svg+xml");
    private static final Gson GSON = new Gson();

    private final HttpServer server;
    private final ExecutorService threads;
    private final String token = randomToken();
    private final Map<String, Stand> stands = new LinkedHashMap<>();
    private final AtomicInteger viewers = new AtomicInteger();

    private PageServer(HttpServer server, Map<String, Opening> exhibits) {
        this.server = server;
        String run = randomToken();
        exhibits.forEach((name, opening) -> stands.put(name, new Stand(run, name, opening)));
        AtomicInteger count = new AtomicInteger();
        threads = Executors.newCachedThreadPool(work -> {
            Thread thread = new Thread(work, "demo-page-http-" + count.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        });
    }

    /**
     * Begins to serve. No exhibit is open until a viewer looks at it.
     *
     * @param port 0 for any that is free
     * @param exhibits by the name that the page asks for
     * @throws IOException if the port is taken
     */
    static PageServer start(int port, Map<String, Opening> exhibits) throws IOException {
        HttpServer http = HttpServer.create(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), port), 0);
        PageServer server = new PageServer(http, exhibits);
        http.setExecutor(server.threads);
        http.createContext("/", server.guarded(server::file));
        http.createContext("/events", server.guarded(server::events));
        http.createContext("/act", server.guarded(server::act));
        http.start();
        return server;
    }

    /** Where the page is. */
    public String address() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/";
    }

    /** Viewers that are connected to an event stream now. */
    public int viewers() {
        return viewers.get();
    }

    @Override
    public void close() {
        stands.values().forEach(stand -> stand.broadcast().close());
        awaitLastEvents();
        server.stop(0);
        threads.shutdownNow();
        stands.values().parallelStream().forEach(Stand::close);
    }

    /** Streams end as they should; those of viewers that read no more are cut. */
    private void awaitLastEvents() {
        long deadline = System.nanoTime() + LAST_EVENTS_NANOS;
        while (viewers.get() > 0 && System.nanoTime() - deadline < 0) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
    }

    private HttpHandler guarded(Handler handler) {
        return exchange -> {
            try (exchange) {
                Headers headers = exchange.getResponseHeaders();
                headers.set("Content-Security-Policy", POLICY);
                headers.set("X-Content-Type-Options", "nosniff");
                headers.set("Referrer-Policy", "no-referrer");
                headers.set("Cache-Control", "no-store");
                if (isOwnHost(exchange.getRequestHeaders().getFirst("Host"))) {
                    handler.handle(exchange);
                } else {
                    answer(exchange, 403, "Host: not this server (expected: " + ownHosts() + ")");
                }
            }
        };
    }

    private String ownHosts() {
        int port = server.getAddress().getPort();
        return "127.0.0.1:" + port + " or localhost:" + port;
    }

    private boolean isOwnHost(@Nullable String host) {
        int port = server.getAddress().getPort();
        return ("127.0.0.1:" + port).equals(host) || ("localhost:" + port).equals(host);
    }

    private void file(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        String name = path.equals("/") ? "page.html" : path.substring(1);
        String type = TYPES.get(name);
        if (type == null) {
            answer(exchange, 404, "Not found");
        } else if (!exchange.getRequestMethod().equals("GET")) {
            answer(exchange, 405, "Method: " + exchange.getRequestMethod() + " (expected: GET)");
        } else {
            exchange.getResponseHeaders().set("Content-Type", type);
            send(exchange, 200, content(name));
        }
    }

    private byte[] content(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(PageServer.class.getResourceAsStream(name), name)) {
            byte[] bytes = in.readAllBytes();
            return name.equals("page.html")
                    ? new String(bytes, StandardCharsets.UTF_8)
                            .replace("${token}", token)
                            .replace("${exhibits}", String.join(",", stands.keySet()))
                            .getBytes(StandardCharsets.UTF_8)
                    : bytes;
        }
    }

    private void events(HttpExchange exchange) throws IOException {
        Stand stand = stands.get(
                Optional.ofNullable(exchange.getRequestURI().getQuery()).orElse(""));
        if (stand == null) {
            answer(exchange, 404, "exhibit: unknown (expected: one of " + stands.keySet() + ")");
        } else if (viewers.incrementAndGet() > MOST_VIEWERS) {
            viewers.decrementAndGet();
            answer(exchange, 503, "viewers: " + MOST_VIEWERS + " (expected: fewer; close another page)");
        } else {
            try {
                stream(exchange, stand);
            } finally {
                viewers.decrementAndGet();
            }
        }
    }

    private static void stream(HttpExchange exchange, Stand stand) throws IOException {
        stand.ask();
        exchange.getResponseHeaders().set("Content-Type", "text/event-stream; charset=utf-8");
        exchange.sendResponseHeaders(200, 0);
        try (OutputStream out = exchange.getResponseBody()) {
            write(out, "retry: 1000\n\n");
            Broadcast.Version seen = new Broadcast.Version(0, "");
            Broadcast.Version next = stand.broadcast().await(0, Broadcast.HEARTBEAT_NANOS);
            while (next != null) {
                // a comment shows, on both ends, that the connection is alive
                write(out, next.number() == seen.number() ? ":\n\n" : "data: " + next.state() + "\n\n");
                seen = next;
                next = stand.broadcast().await(seen.number(), Broadcast.HEARTBEAT_NANOS);
            }
        } catch (InterruptedException ending) {
            Thread.currentThread().interrupt();
        }
    }

    private static void write(OutputStream out, String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.UTF_8));
        out.flush();
    }

    private void act(HttpExchange exchange) throws IOException {
        if (!exchange.getRequestMethod().equals("POST")) {
            answer(exchange, 405, "Method: " + exchange.getRequestMethod() + " (expected: POST)");
        } else if (!isOwnPage(exchange.getRequestHeaders())) {
            answer(exchange, 403, "Origin or token: not this page's (reload it)");
        } else {
            perform(exchange);
        }
    }

    private boolean isOwnPage(Headers headers) {
        String origin = headers.getFirst("Origin");
        String given = headers.getFirst("X-Evenkeel-Token");
        return origin != null
                && origin.startsWith("http://")
                && isOwnHost(origin.substring("http://".length()))
                && given != null
                && MessageDigest.isEqual(
                        given.getBytes(StandardCharsets.UTF_8), token.getBytes(StandardCharsets.UTF_8));
    }

    private void perform(HttpExchange exchange) throws IOException {
        byte[] body = exchange.getRequestBody().readNBytes(MOST_BODY + 1);
        // a longer one is not read to its end: the connection is closed
        Wish wish = body.length > MOST_BODY ? null : wish(body);
        Stand stand = wish == null || wish.exhibit() == null ? null : stands.get(wish.exhibit());
        Action action = wish == null || wish.action() == null
                ? null
                : Action.of(wish.action()).orElse(null);
        if (wish == null || stand == null || action == null || action.onePod() != (wish.pod() != null)) {
            answer(exchange, 400, "wish: not understood (expected: exhibit, action, and pod where it is about one)");
            return;
        }
        Answer answer = stand.perform(action, wish.pod());
        if (answer instanceof Answer.Refused refused) {
            answer(exchange, 409, refused.reason());
        } else {
            answer(exchange, 202, "");
        }
    }

    private static @Nullable Wish wish(byte[] body) {
        try {
            return GSON.fromJson(new String(body, StandardCharsets.UTF_8), Wish.class);
        } catch (JsonSyntaxException notUnderstood) {
            return null;
        }
    }

    private static void answer(HttpExchange exchange, int status, String text) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=utf-8");
        send(exchange, status, text.getBytes(StandardCharsets.UTF_8));
    }

    private static void send(HttpExchange exchange, int status, byte[] body) throws IOException {
        // -1: no body
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        if (body.length > 0) {
            exchange.getResponseBody().write(body);
        }
    }

    private static String randomToken() {
        byte[] bytes = new byte[16];
        new SecureRandom().nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    /** As the page sends it; anything may be missing. */
    private record Wish(
            @Nullable String exhibit,
            @Nullable String action,
            @Nullable String pod) {}

    private interface Handler {
        void handle(HttpExchange exchange) throws IOException;
    }
}
