package io.evenkeel.kubernetes;

import com.google.gson.stream.MalformedJsonException;
import io.evenkeel.kubernetes.ApiObject.ApiStatus;
import io.evenkeel.kubernetes.ApiObject.SliceList;
import io.evenkeel.kubernetes.ApiObject.WatchEvent;
import io.evenkeel.kubernetes.Explanations.Asked;
import io.evenkeel.kubernetes.Explanations.Refusal;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import okhttp3.Call;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.ResponseBody;
import org.jspecify.annotations.Nullable;

/**
 * One conversation with the API server: a list if need be, then a watch, until one of the two ends it. It blocks, so it
 * has a thread to itself, on which it reports what it receives; it decides nothing.
 */
final class SliceSession implements Runnable {

    private static final long MOST_OF_AN_ERROR = 64 << 10;
    // What client-go takes for a page.
    private static final int PAGE = 500;
    // A full slice has 100 endpoints, and a set of endpoints at most 20,000.
    private static final int MOST_SLICES = 5_000;
    private static final long MOST_ENDPOINTS = 100_000;

    private final ApiAccess access;
    private final Plan plan;
    private final Runnable onRequest;
    private final Observer observer;
    // null -> a call -> the next call -> ... -> ENDED, which is final.
    private final AtomicReference<@Nullable Object> running = new AtomicReference<>();
    private static final Object ENDED = new Object();
    private volatile @Nullable ApiConnection connection;
    // The thread while it looks for the server and credentials.
    private volatile @Nullable Thread connecting;

    /**
     * What to ask.
     *
     * @param service the Service's name
     * @param namespace or null for our own
     * @param watchFrom the version to watch from, or null to list first
     * @param listVersion the list may be as old as this: empty for the newest there is, {@code 0} for any
     * @param timeoutSeconds after which the server is to end the watch
     */
    record Plan(
            String service,
            @Nullable String namespace,
            @Nullable String watchFrom,
            String listVersion,
            long timeoutSeconds) {}

    /** Receives it, on the session's thread. */
    interface Observer {

        /** All slices there are. */
        void listed(SliceSession session, SliceList list, String namespace);

        /** The server accepted the watch. */
        void watching(SliceSession session, String namespace);

        void heard(SliceSession session, WatchEvent event);

        /**
         * It is over; called once, as the last.
         *
         * @param problem why, or null if the server ended it as agreed
         */
        void ended(SliceSession session, @Nullable ApiProblem problem);
    }

    /** @param onRequest called before each request that is sent, on the session's thread */
    SliceSession(ApiAccess access, Plan plan, Runnable onRequest, Observer observer) {
        this.access = access;
        this.plan = plan;
        this.onRequest = onRequest;
        this.observer = observer;
    }

    /** Ends it from any thread, without waiting; {@link Observer#ended} follows. */
    void cancel() {
        if (running.getAndSet(ENDED) instanceof Call call) {
            call.cancel();
        }
        Thread waiting = connecting;
        if (waiting != null) {
            // For a plugin, or for another session that runs it.
            waiting.interrupt();
        }
    }

    /** What it uses; null while that is not known. */
    @Nullable
    ApiConnection connection() {
        return connection;
    }

    @Override
    public void run() {
        @Nullable ApiProblem problem = null;
        try {
            problem = converse();
        } catch (RuntimeException | Error unexpected) {
            problem = new ApiProblem(
                    ApiProblem.Kind.UNREACHABLE,
                    "the watch of Service " + plan.service() + " failed: " + unexpected,
                    null,
                    unexpected);
        } finally {
            observer.ended(this, problem);
            // The thread may be another's next; a cancellation that came late was not meant for that.
            Thread.interrupted();
        }
    }

    private @Nullable ApiProblem converse() {
        ApiConnection server;
        connecting = Thread.currentThread();
        try {
            // After it was set: either this sees that it was cancelled, or cancel() sees the thread.
            if (running.get() == ENDED) {
                return null;
            }
            server = access.connect();
        } catch (IOException | RuntimeException unusable) {
            // Also what client-java makes of a kubeconfig that isn't one.
            return Explanations.unusable(unusable);
        } finally {
            connecting = null;
        }
        connection = server;
        String namespace = plan.namespace() == null ? server.namespace() : plan.namespace();
        Asked list = asked("list", namespace, server);
        Asked watch = asked("watch", namespace, server);
        Asked now = list;
        try {
            String from = plan.watchFrom();
            if (from == null) {
                SliceList slices = list(server, list);
                observer.listed(this, slices, namespace);
                from = slices.resourceVersion();
            }
            now = watch;
            return watch(server, watch, from);
        } catch (ApiProblem problem) {
            return problem;
        } catch (MalformedJsonException contradiction) {
            // Watched from the same version, it would come again.
            return Explanations.incomprehensible(now, contradiction);
        } catch (IOException failure) {
            return Explanations.failed(now, failure);
        }
    }

    private Asked asked(String verb, String namespace, ApiConnection server) {
        return new Asked(verb, plan.service(), namespace, server.server(), server.origin());
    }

    /** All pages of one list. They are of one version: the first one's, which its continuation stands for. */
    private SliceList list(ApiConnection server, Asked asked) throws IOException {
        Map<String, String> first = parameters();
        first.put("limit", Integer.toString(PAGE));
        if (!plan.listVersion().isEmpty()) {
            first.put("resourceVersion", plan.listVersion());
            // With a limit and without this, it would mean exactly that version, which may be compacted.
            first.put("resourceVersionMatch", "NotOlderThan");
        }
        SliceList page = page(server, asked, first);
        List<EndpointSlice> all = new ArrayList<>(page.slices());
        String version = page.resourceVersion();
        long endpoints = page.endpoints();
        while (!page.continuation().isEmpty()) {
            Map<String, String> next = parameters();
            next.put("limit", Integer.toString(PAGE));
            next.put("continue", page.continuation());
            page = page(server, asked, next);
            all.addAll(page.slices());
            endpoints += page.endpoints();
            if (all.size() > MOST_SLICES || endpoints > MOST_ENDPOINTS) {
                throw new MalformedJsonException("more than " + MOST_SLICES + " slices or " + MOST_ENDPOINTS
                        + " endpoints of one Service (expected: fewer)");
            }
        }
        return new SliceList(version, "", all);
    }

    private SliceList page(ApiConnection server, Asked asked, Map<String, String> parameters) throws IOException {
        try (Response response = send(server, asked, parameters);
                SliceReader reader = new SliceReader(body(response).charStream())) {
            return reader.list();
        }
    }

    private @Nullable ApiProblem watch(ApiConnection server, Asked asked, String from) throws IOException {
        Map<String, String> parameters = parameters();
        parameters.put("watch", "true");
        parameters.put("allowWatchBookmarks", "true");
        parameters.put("resourceVersion", from);
        parameters.put("timeoutSeconds", Long.toString(plan.timeoutSeconds()));
        try (Response response = send(server, asked, parameters);
                SliceReader reader = new SliceReader(body(response).charStream())) {
            observer.watching(this, asked.namespace());
            for (WatchEvent event = reader.nextEvent(); event != null; event = reader.nextEvent()) {
                if (event.type().equals("ERROR")) {
                    return Explanations.brokenOff(asked, event.object().status());
                }
                observer.heard(this, event);
            }
            return null;
        }
    }

    private Map<String, String> parameters() {
        Map<String, String> parameters = new TreeMap<>();
        parameters.put("labelSelector", "kubernetes.io/service-name=" + plan.service());
        return parameters;
    }

    private Response send(ApiConnection server, Asked asked, Map<String, String> parameters) throws IOException {
        String path = "/apis/discovery.k8s.io/v1/namespaces/" + asked.namespace() + "/endpointslices";
        Call call = server.get(path, parameters);
        running.updateAndGet(before -> before == ENDED ? ENDED : call);
        if (running.get() == ENDED) {
            throw new IOException("cancelled");
        }
        onRequest.run();
        Response response = call.execute();
        if (response.isSuccessful()) {
            return response;
        }
        try (response) {
            throw Explanations.refused(
                    asked,
                    new Refusal(
                            response.code(),
                            status(response),
                            response.header("Retry-After"),
                            token(response),
                            timeOf(response.header("Date"))));
        }
    }

    private static ResponseBody body(Response response) throws IOException {
        ResponseBody body = response.body();
        if (body == null) {
            throw new IOException("an answer without a body");
        }
        return body;
    }

    /** What the body says, if it is a Status; proxies in between answer with something else. */
    private static ApiStatus status(Response response) {
        try (SliceReader reader =
                new SliceReader(response.peekBody(MOST_OF_AN_ERROR).charStream())) {
            ApiObject object = reader.only();
            return object.kind().equals("Status") ? object.status() : ApiStatus.NONE;
        } catch (IOException notAStatus) {
            return ApiStatus.NONE;
        }
    }

    private static @Nullable String token(Response response) {
        // As it was sent: interceptors add it after the call was made.
        Response network = response.networkResponse();
        Request sent = network == null ? response.request() : network.request();
        String header = sent.header("Authorization");
        return header != null && header.startsWith("Bearer ") ? header.substring("Bearer ".length()) : null;
    }

    private static @Nullable Instant timeOf(@Nullable String date) {
        try {
            return date == null ? null : DateTimeFormatter.RFC_1123_DATE_TIME.parse(date, Instant::from);
        } catch (DateTimeException notADate) {
            return null;
        }
    }
}
