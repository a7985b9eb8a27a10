package io.evenkeel.kubernetes.fake;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.stream.StreamSupport;
import mockwebserver3.MockWebServer;
import okhttp3.Protocol;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;

/**
 * A Kubernetes API server on 127.0.0.1: TLS with its own authority, bearer tokens, HTTP/1.1 or HTTP/2 by ALPN; lists and watches
 * of EndpointSlices as the real one answers them, plain writes of Namespaces, Services and Pods, and every fault that a test
 * asks for. Between it and its clients is a {@link FaultyWire}. Thread-safe.
 */
public final class FakeApiServer implements AutoCloseable {

    /** The token that is accepted until {@link #rotateToken}. */
    public static final String TOKEN = "first-token";

    private static final String SLICES = "discovery.k8s.io/endpointslices/";

    private final ResourceStore store = new ResourceStore();
    private final FaultPlan faults = new FaultPlan();
    private final ApiDispatcher dispatcher = new ApiDispatcher(store, faults, TOKEN);
    private final MockWebServer server = new MockWebServer();
    private final HeldCertificate authority;
    private final FaultyWire wire;

    /** What the server speaks. */
    public enum Speaks {
        HTTP_1_1(List.of(Protocol.HTTP_1_1)),
        /** And HTTP/1.1 with whoever does not want it. */
        HTTP_2(List.of(Protocol.HTTP_2, Protocol.HTTP_1_1));

        private final List<Protocol> protocols;

        Speaks(List<Protocol> protocols) {
            this.protocols = protocols;
        }
    }

    /** What its certificate is like. */
    public enum Certificate {
        VALID,
        /** Ended an hour ago: so it looks, too, to a client whose clock is ahead. */
        EXPIRED,
        /** Begins in an hour: so it looks, too, to a client whose clock is behind. */
        NOT_YET_VALID,
        /** For another host. */
        OTHER_HOST
    }

    private FakeApiServer(Speaks speaks, Certificate certificate) throws IOException {
        authority = new HeldCertificate.Builder()
                .commonName("fake-kubernetes-ca")
                .certificateAuthority(0)
                .build();
        HandshakeCertificates keys = new HandshakeCertificates.Builder()
                .heldCertificate(signed(certificate), authority.certificate())
                .build();
        server.setDispatcher(dispatcher);
        server.setProtocols(speaks.protocols);
        server.useHttps(keys.sslSocketFactory());
        server.start(InetAddress.getByName("127.0.0.1"), 0);
        wire = FaultyWire.to(new InetSocketAddress("127.0.0.1", server.getPort()));
    }

    private HeldCertificate signed(Certificate certificate) {
        HeldCertificate.Builder builder =
                new HeldCertificate.Builder().commonName("fake-kube-apiserver").signedBy(authority);
        long now = System.currentTimeMillis();
        long hour = Duration.ofHours(1).toMillis();
        switch (certificate) {
            case EXPIRED -> builder.validityInterval(now - 2 * hour, now - hour);
            case NOT_YET_VALID -> builder.validityInterval(now + hour, now + 2 * hour);
            case VALID, OTHER_HOST -> builder.validityInterval(now - hour, now + 24 * hour);
        }
        return certificate == Certificate.OTHER_HOST
                ? builder.addSubjectAlternativeName("api.elsewhere.example").build()
                : builder.addSubjectAlternativeName("127.0.0.1")
                        .addSubjectAlternativeName("localhost")
                        .build();
    }

    public static FakeApiServer start(Speaks speaks) throws IOException {
        return start(speaks, Certificate.VALID);
    }

    public static FakeApiServer start(Speaks speaks, Certificate certificate) throws IOException {
        return new FakeApiServer(speaks, certificate);
    }

    /** Where clients find it: the near end of the wire. */
    public URI url() {
        return URI.create("https://127.0.0.1:" + wire.port());
    }

    /** The network before it. */
    public FaultyWire wire() {
        return wire;
    }

    /** The certificate of its authority, PEM. */
    public String authorityPem() {
        return authority.certificatePem();
    }

    /** Writes a kubeconfig whose only context reaches this server. */
    public Path writeKubeconfig(Path directory, String token) throws IOException {
        String encoded = Base64.getEncoder().encodeToString(authorityPem().getBytes(StandardCharsets.UTF_8));
        return Files.writeString(directory.resolve("kubeconfig"), """
                apiVersion: v1
                kind: Config
                current-context: fake
                clusters:
                - name: fake
                  cluster:
                    server: %s
                    certificate-authority-data: %s
                contexts:
                - name: fake
                  context:
                    cluster: fake
                    user: app
                    namespace: default
                users:
                - name: app
                  user:
                    token: %s
                """.formatted(url(), encoded, token));
    }

    /** Writes the three files that the kubelet mounts into a Pod: {@code token}, {@code ca.crt}, {@code namespace}. */
    public Path writeServiceAccount(Path directory, String token) throws IOException {
        Files.writeString(directory.resolve("token"), token);
        Files.writeString(directory.resolve("ca.crt"), authorityPem());
        Files.writeString(directory.resolve("namespace"), "default");
        return directory;
    }

    /** Creates a slice, or replaces the one of that name; every watch that selects it is told. */
    public void put(Slice slice) {
        put(slice.namespace(), slice.json());
    }

    /** The same with an EndpointSlice of any content. */
    public void put(String namespace, JsonObject slice) {
        store.put(SLICES + namespace, Kind.inList(slice));
    }

    /** Deletes a slice. */
    public void delete(String namespace, String name) {
        store.delete(SLICES + namespace, name);
    }

    /** Begins where a recorded LIST of the namespace {@code default} ends. */
    public void restore(String list) {
        JsonObject recorded = Json.object(list);
        List<JsonObject> items = StreamSupport.stream(
                        recorded.getAsJsonArray("items").spliterator(), false)
                .map(item -> Kind.inList(item.getAsJsonObject()))
                .toList();
        store.restore(SLICES + "default", Json.revision(recorded), items);
    }

    /** Repeats one recorded event, at its own revision; a bookmark only moves the revision. */
    public void replay(String line) {
        JsonObject event = Json.object(line);
        JsonObject object = event.getAsJsonObject("object");
        switch (event.get("type").getAsString()) {
            case "BOOKMARK" -> store.skipTo(Json.revision(object));
            case "DELETED" -> store.replay(SLICES + "default", Kind.inList(object), true);
            default -> store.replay(SLICES + "default", Kind.inList(object), false);
        }
    }

    /** From now on only this token is accepted. */
    public void rotateToken(String token) {
        dispatcher.accept(Set.of(token));
    }

    /** Whoever presents no token that is known is anonymous from now on, and may nothing. */
    public void allowAnonymous() {
        dispatcher.allowAnonymous();
    }

    /** As after etcd was restored from a backup: these slices and no others, at an earlier revision; no watch hears of it. */
    public void setBack(long revision, Slice... slices) {
        List<JsonObject> objects = java.util.Arrays.stream(slices)
                .map(slice -> Kind.inList(slice.json()))
                .toList();
        store.setBack(SLICES + "default", revision, objects);
    }

    /** The revision of the latest write. */
    public long revision() {
        return store.revision();
    }

    /** The names of the slices in the namespace {@code default}. */
    public List<String> sliceNames() {
        return store.list(SLICES + "default").objects().stream().map(Json::name).toList();
    }

    /** From now on RBAC refuses these; none allows everything. */
    public void forbid(Verb... verbs) {
        dispatcher.forbid(Set.of(verbs));
    }

    /** The next request of that kind fails so; several queue up. */
    public void failNext(Verb verb, Fault fault) {
        faults.failNext(verb, fault);
    }

    /** Every request of that kind fails so, until {@link #heal}. */
    public void failAlways(Verb verb, Fault fault) {
        faults.failAlways(verb, fault);
    }

    /** Forgets every fault that was asked for, except the wire's. */
    public void heal() {
        faults.clear();
        dispatcher.endSilence();
    }

    /** Forgets the history, as etcd does every five minutes: watches from before are refused with an ERROR event. */
    public void compact() {
        store.compact();
    }

    /** Other resources were written to. */
    public void skipRevisions(int count) {
        store.skipTo(store.revision() + count);
    }

    /** Sends a bookmark to every watch that allows it. */
    public void bookmark() {
        dispatcher.bookmark();
    }

    /** Sends this text, as it is, to every watch. */
    public void send(String text) {
        watches().forEach(watch -> watch.text(text));
    }

    /** Ends every watch in good order, as after its {@code timeoutSeconds}. */
    public void endWatches() {
        watches().forEach(WatchStream::end);
    }

    /** Tells every watch that its resourceVersion is too old, and ends it. */
    public void expireWatches() {
        for (WatchStream watch : watches()) {
            watch.event("ERROR", Statuses.expired(5, store.revision()));
            watch.end();
        }
    }

    /** Those that are open, as far as is known. */
    public Set<WatchStream> watches() {
        return dispatcher.watches();
    }

    /** Everything that was asked for so far, also what was refused. */
    public List<ApiRequest> requests() {
        return dispatcher.requests();
    }

    /** How often this was asked for. */
    public int count(Verb verb) {
        return (int)
                requests().stream().filter(request -> request.verb() == verb).count();
    }

    /**
     * How many things have happened by themselves that a client sees at once, the network allowing: pieces of watches,
     * answers that had been held back, connections that broke.
     */
    public long happened() {
        return dispatcher.sent() + wire.broken();
    }

    /** How many watches were accepted so far. */
    public long watchesBegun() {
        return dispatcher.watchesBegun();
    }

    /** How many requests so far had to wait for an answer that does not come by itself. */
    public long held() {
        return dispatcher.held();
    }

    /** Ends the server and every connection. */
    @Override
    public void close() throws IOException {
        wire.close();
        dispatcher.end();
        try {
            server.close();
        } catch (AssertionError stillBusy) {
            // It waits 5 s for its threads, which a slow machine may not give them. They are daemons and hold nothing.
            System.err.println("fake API server: its threads end later: " + stillBusy.getMessage());
        }
    }
}
