package io.evenkeel.kubernetes.fake;

import com.google.gson.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.RecordedRequest;
import org.jspecify.annotations.Nullable;

/** From a request to its answer: who asks, may they, does a test want it to fail, and what is there. */
final class ApiDispatcher extends Dispatcher {

    static final String USER = "system:serviceaccount:default:app";
    private static final String CREATED = "2026-11-24T03:54:04Z";

    private final ResourceStore store;
    private final FaultPlan faults;
    private final List<ApiRequest> requests = new CopyOnWriteArrayList<>();
    private final Set<WatchStream> watches = ConcurrentHashMap.newKeySet();
    private final AtomicLong sent = new AtomicLong();
    private final AtomicLong watchesBegun = new AtomicLong();
    private final AtomicLong everHeld = new AtomicLong();
    private final AtomicInteger holding = new AtomicInteger();
    private volatile Set<String> tokens;
    private volatile boolean anonymousAllowed;
    private volatile Set<Verb> forbidden = Set.of();
    private volatile CountDownLatch silence = new CountDownLatch(1);
    private volatile boolean closed;

    ApiDispatcher(ResourceStore store, FaultPlan faults, String token) {
        this.store = store;
        this.faults = faults;
        this.tokens = Set.of(token);
    }

    void accept(Set<String> newTokens) {
        tokens = Set.copyOf(newTokens);
    }

    void allowAnonymous() {
        anonymousAllowed = true;
    }

    void forbid(Set<Verb> verbs) {
        forbidden = Set.copyOf(verbs);
    }

    List<ApiRequest> requests() {
        return List.copyOf(requests);
    }

    Set<WatchStream> watches() {
        return Set.copyOf(watches);
    }

    /** How many pieces of watches were sent so far, and answers that had been held back. */
    long sent() {
        return sent.get();
    }

    /** How many watches were accepted so far. */
    long watchesBegun() {
        return watchesBegun.get();
    }

    /** How many requests so far had to wait for an answer that does not come by itself. */
    long held() {
        return everHeld.get();
    }

    /** Lets go of the requests that are held in silence; they are broken off. */
    void endSilence() {
        CountDownLatch held = silence;
        silence = new CountDownLatch(1);
        sent.addAndGet(holding.get());
        held.countDown();
    }

    /** Ends everything that waits, and lets nothing wait any more. */
    void end() {
        closed = true;
        endSilence();
        watches.forEach(WatchStream::end);
    }

    @Override
    public MockResponse dispatch(RecordedRequest recorded) throws InterruptedException {
        if (recorded.getTarget().equals("/version")) {
            return plain(200, "{\n  \"major\": \"1\",\n  \"minor\": \"35\",\n  \"gitVersion\": \"v1.35.3\"\n}");
        }
        Optional<ApiRequest> parsed = ApiRequest.of(recorded);
        Optional<Kind> kind = parsed.flatMap(Kind::of);
        if (parsed.isEmpty() || kind.isEmpty()) {
            return plain(404, "404 page not found\n");
        }
        ApiRequest request = parsed.get();
        // Before it is counted: a test may heal the server as soon as it sees the request.
        CountDownLatch held = silence;
        requests.add(request);
        String authorization = request.authorization();
        if (authorization == null || !tokens.contains(authorization.replaceFirst("^Bearer ", ""))) {
            return anonymousAllowed
                    ? json(request, 403, Statuses.forbidden(request, "system:anonymous"))
                    : json(request, 401, Statuses.unauthorized());
        }
        if (forbidden.contains(request.verb())) {
            return json(request, 403, Statuses.forbidden(request, USER));
        }
        Optional<Fault> fault = faults.take(request.verb());
        return fault.isPresent()
                ? failing(fault.get(), held, request, kind.get(), body(recorded))
                : answer(request, kind.get(), body(recorded));
    }

    private static String body(RecordedRequest recorded) {
        return recorded.getBody() == null ? "" : recorded.getBody().utf8();
    }

    private MockResponse failing(Fault fault, CountDownLatch held, ApiRequest request, Kind kind, String body)
            throws InterruptedException {
        if (fault instanceof Fault.None) {
            return answer(request, kind, body);
        }
        if (fault instanceof Fault.Late) {
            hold(held);
            return answer(request, kind, body);
        }
        if (fault instanceof Fault.Answer answer) {
            MockResponse.Builder response = plain(answer.code(), answer.body()).newBuilder();
            answer.headers().forEach(response::setHeader);
            return response.build();
        }
        if (fault instanceof Fault.Silence) {
            hold(held);
            return plain(503, "apiserver is shutting down.\n");
        }
        if (request.verb() == Verb.WATCH) {
            WatchStream stream = new WatchStream(request, sent, watches::remove);
            stream.text("{\"type\":\"MODIFIED\",\"object\":{\"kind\":\"" + kind.name() + "\",\"metadata\":{\"na");
            stream.end();
            return streaming(stream);
        }
        String whole = Json.line(page(request, kind));
        return plain(200, whole.substring(0, whole.length() / 2));
    }

    private void hold(CountDownLatch held) throws InterruptedException {
        if (closed) {
            return;
        }
        holding.incrementAndGet();
        everHeld.incrementAndGet();
        try {
            held.await();
        } finally {
            holding.decrementAndGet();
        }
    }

    private MockResponse answer(ApiRequest request, Kind kind, String body) {
        try {
            return switch (request.verb()) {
                case LIST -> list(request, kind);
                case WATCH -> watch(request, kind);
                case GET -> found(request, kind, store.get(request.collection(), String.valueOf(request.name())), 200);
                case CREATE -> found(request, kind, Optional.of(create(request, Json.object(body))), 201);
                case UPDATE -> found(request, kind, replace(request, Json.object(body)), 200);
                case PATCH -> found(request, kind, patch(request, Json.object(body)), 200);
                case DELETE -> delete(request);
            };
        } catch (IllegalArgumentException invalid) {
            return json(request, 400, Statuses.badRequest(String.valueOf(invalid.getMessage())));
        }
    }

    private MockResponse list(ApiRequest request, Kind kind) {
        String version = request.query().getOrDefault("resourceVersion", "");
        long revision = store.revision();
        if (!version.isEmpty() && Long.parseLong(version) > revision) {
            // The real one waits three seconds for it first.
            String message = "Too large resource version: " + version + ", current: " + revision;
            return json(request, 504, Json.object(Statuses.failure(504, "Timeout", message)));
        }
        return json(request, 200, page(request, kind));
    }

    private JsonObject page(ApiRequest request, Kind kind) {
        ResourceStore.Snapshot now = store.list(request.collection());
        Selector selector = Selector.parse(request.query().get("labelSelector"));
        Continuation from = Continuation.parse(request.query().get("continue"), now.revision());
        List<JsonObject> rest = now.objects().stream()
                .filter(object -> selector.matches(object) && Json.name(object).compareTo(from.after()) > 0)
                .toList();
        int limit = Integer.parseInt(request.query().getOrDefault("limit", "0"));
        List<JsonObject> page = limit > 0 && limit < rest.size() ? rest.subList(0, limit) : rest;
        JsonObject metadata = new JsonObject();
        metadata.addProperty("resourceVersion", Long.toString(from.revision()));
        if (page.size() < rest.size()) {
            String last = Json.name(page.get(page.size() - 1));
            metadata.addProperty("continue", new Continuation(from.revision(), last).token());
        }
        return kind.list(metadata, page);
    }

    /** Where the next page of a list begins. */
    private record Continuation(long revision, String after) {
        static Continuation parse(@Nullable String token, long current) {
            if (token == null || token.isEmpty()) {
                return new Continuation(current, "");
            }
            String[] parts = new String(Base64.getUrlDecoder().decode(token), StandardCharsets.UTF_8).split(" ", 2);
            return new Continuation(Long.parseLong(parts[0]), parts[1]);
        }

        String token() {
            return Base64.getUrlEncoder()
                    .withoutPadding()
                    .encodeToString((revision + " " + after).getBytes(StandardCharsets.UTF_8));
        }
    }

    private MockResponse watch(ApiRequest request, Kind kind) {
        Selector selector = Selector.parse(request.query().get("labelSelector"));
        String version = request.query().getOrDefault("resourceVersion", "");
        boolean initialEvents = request.asks("sendInitialEvents");
        if (initialEvents && !"NotOlderThan".equals(request.query().get("resourceVersionMatch"))) {
            throw new IllegalArgumentException("resourceVersionMatch: Forbidden unless it is NotOlderThan");
        }
        boolean fromNow = initialEvents || version.isEmpty() || version.equals("0");
        StoreWatch watch = new StoreWatch(request, kind, selector, fromNow);
        long from = fromNow ? store.revision() : Long.parseLong(version);
        watches.add(watch.stream);
        watchesBegun.incrementAndGet();
        if (!store.watch(request.collection(), from, watch)) {
            watch.stream.event("ERROR", Statuses.expired(from, store.compacted()));
            watch.stream.end();
        }
        if (closed) {
            // Added after the others were ended.
            watch.stream.end();
        }
        return streaming(watch.stream);
    }

    /** Puts what happens in the store into a stream. */
    private final class StoreWatch implements ResourceStore.Watcher {
        private final WatchStream stream;
        private final ApiRequest request;
        private final Kind kind;
        private final Selector selector;
        private final boolean fromNow;

        StoreWatch(ApiRequest request, Kind kind, Selector selector, boolean fromNow) {
            this.request = request;
            this.kind = kind;
            this.selector = selector;
            this.fromNow = fromNow;
            this.stream = new WatchStream(request, sent, ended -> {
                store.unwatch(this);
                watches.remove(ended);
            });
        }

        @Override
        public void begun(ResourceStore.Snapshot now, List<Change> missed) {
            if (!fromNow) {
                missed.forEach(this::changed);
                return;
            }
            now.objects().stream()
                    .filter(selector::matches)
                    .forEach(object -> stream.event("ADDED", kind.alone(object)));
            if (request.asks("sendInitialEvents")) {
                stream.event("BOOKMARK", kind.bookmark(now.revision(), true));
            }
        }

        @Override
        public void changed(Change change) {
            String event = change.collection().equals(request.collection()) ? change.eventFor(selector) : null;
            if (event != null) {
                stream.event(event, kind.alone(change.after()));
            }
        }
    }

    /** Tells the watches that want it how far the store is. */
    void bookmark() {
        for (WatchStream stream : watches) {
            if (stream.request().asks("allowWatchBookmarks")) {
                Kind.of(stream.request())
                        .ifPresent(kind -> stream.event("BOOKMARK", kind.bookmark(store.revision(), false)));
            }
        }
    }

    private JsonObject create(ApiRequest request, JsonObject body) {
        JsonObject object = Kind.inList(body);
        JsonObject metadata = Json.metadata(object);
        if (!request.namespace().isEmpty()) {
            metadata.addProperty("namespace", request.namespace());
        }
        if (!metadata.has("name")) {
            String suffix = UUID.randomUUID().toString().substring(0, 5);
            metadata.addProperty("name", metadata.get("generateName").getAsString() + suffix);
        }
        metadata.addProperty("uid", UUID.randomUUID().toString());
        metadata.addProperty("resourceVersion", "");
        metadata.addProperty("generation", 1);
        metadata.addProperty("creationTimestamp", CREATED);
        return store.put(request.collection(), object);
    }

    private Optional<JsonObject> replace(ApiRequest request, JsonObject body) {
        return store.get(request.collection(), String.valueOf(request.name()))
                .map(old -> store.put(request.collection(), keepingIdentity(old, Kind.inList(body))));
    }

    private static JsonObject keepingIdentity(JsonObject old, JsonObject object) {
        for (String field : List.of("uid", "creationTimestamp", "namespace")) {
            if (Json.metadata(old).has(field)) {
                Json.metadata(object).add(field, Json.metadata(old).get(field));
            }
        }
        return object;
    }

    private Optional<JsonObject> patch(ApiRequest request, JsonObject patch) {
        return store.get(request.collection(), String.valueOf(request.name()))
                .map(old -> store.put(request.collection(), Json.mergePatch(old, patch)));
    }

    private MockResponse delete(ApiRequest request) {
        String name = String.valueOf(request.name());
        Optional<JsonObject> deleted = store.delete(request.collection(), name);
        if (deleted.isEmpty()) {
            return json(request, 404, Statuses.notFound(request));
        }
        if (request.resource().equals("namespaces")) {
            store.deleteAllIn(name);
        }
        return json(request, 200, Statuses.success());
    }

    private static MockResponse found(ApiRequest request, Kind kind, Optional<JsonObject> object, int code) {
        return object.map(found -> json(request, code, kind.alone(found)))
                .orElseGet(() -> json(request, 404, Statuses.notFound(request)));
    }

    private static MockResponse json(ApiRequest request, int code, JsonObject body) {
        return plain(code, request.pretty() ? Json.pretty(body) : Json.line(body) + "\n");
    }

    private static MockResponse plain(int code, String body) {
        return headers(code, body.startsWith("{") ? "application/json" : "text/plain; charset=utf-8")
                .body(body)
                .build();
    }

    private static MockResponse streaming(WatchStream stream) {
        MockResponse.Builder response = headers(200, "application/json");
        if (stream.isChunked()) {
            response.setHeader("Transfer-Encoding", "chunked");
        }
        // The server sends the headers of an HTTP/2 response with its first data, unless it has to wait before that.
        return response.body(stream).bodyDelay(1, TimeUnit.NANOSECONDS).build();
    }

    private static MockResponse.Builder headers(int code, String type) {
        MockResponse.Builder response = new MockResponse.Builder().code(code).clearHeaders();
        Map.of(
                        "Audit-Id", UUID.randomUUID().toString(),
                        "Cache-Control", "no-cache, private",
                        "Content-Type", type,
                        "X-Kubernetes-Pf-Flowschema-Uid", "8bcce3ff-4af2-4040-bb5b-8da3068edf7b",
                        "X-Kubernetes-Pf-Prioritylevel-Uid", "c691629c-c091-4100-a2bb-e7277a3acab7")
                .forEach(response::setHeader);
        return response;
    }
}
