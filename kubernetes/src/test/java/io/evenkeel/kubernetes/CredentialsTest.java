package io.evenkeel.kubernetes;

import static io.evenkeel.kubernetes.SourceBed.slice;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.kubernetes.fake.FakeApiServer;
import io.evenkeel.kubernetes.fake.FakeApiServer.Speaks;
import io.evenkeel.kubernetes.fake.Verb;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import okhttp3.Request;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is configured and cannot be had is an error of the credentials, and never a request without any. */
@DisabledOnOs(OS.WINDOWS)
class CredentialsTest {

    private static final Duration SHORT = Duration.ofMillis(400);

    @TempDir
    Path home;

    private final Map<String, String> variables = new HashMap<>();

    private ApiEnvironment environment(Duration pluginTimeout) {
        variables.putIfAbsent("HOME", home.toString());
        return new ApiEnvironment(variables, home.resolve("none"), pluginTimeout, Duration.ofSeconds(25));
    }

    private ApiAccess access(String user) throws IOException {
        return access("https://api.example:6443", "", user);
    }

    private ApiAccess access(String server, String cluster, String user) throws IOException {
        Path file = Files.writeString(home.resolve("kubeconfig"), """
                apiVersion: v1
                kind: Config
                current-context: here
                clusters:
                - name: one
                  cluster: {server: "%s"%s}
                contexts:
                - name: here
                  context: {cluster: one, user: me}
                users:
                - name: me
                  user: %s
                """.formatted(server, cluster, user));
        return new ApiAccess(new ApiAccess.Config(null, file, null, environment(SHORT)));
    }

    private Path plugin(String script) throws IOException {
        Path plugin = Files.writeString(home.resolve("plugin.sh"), "#!/bin/sh\n" + script);
        assertThat(plugin.toFile().setExecutable(true)).isTrue();
        return plugin;
    }

    private static String exec(Path plugin) {
        return "{exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: " + plugin
                + ", installHint: install it}}";
    }

    private static String status(String token) {
        return "echo '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":{\"token\":\""
                + token + "\"}}'\n";
    }

    private static String sent(ApiAccess access, String header) throws IOException {
        return String.valueOf(Requests.sent(access.connect()).header(header));
    }

    @Test
    void a_plugin_that_fails_says_why_and_is_run_again_with_the_next_try() throws IOException {
        Path plugin = plugin("echo 'not logged in' >&2; echo secret-output; exit 3\n");
        ApiAccess access = access(exec(plugin));
        assertThatThrownBy(access::connect)
                .isInstanceOf(CredentialsException.class)
                .hasMessageContaining("ended with code 3, saying \"not logged in\"; \"install it\"")
                .hasMessageNotContaining("secret-output");
        plugin(status("later"));
        assertThat(sent(access, "Authorization")).isEqualTo("Bearer later");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "echo secret no json|printed no JSON",
                "echo '[]'|printed no status",
                "echo '{}'|printed no status",
                "echo '{\"status\":{}}'|printed no credentials",
                "echo '{\"status\":{\"token\":\"\"}}'|printed no credentials",
                "echo '{\"status\":{\"clientCertificateData\":\"secret\"}}'|printed no credentials",
                "head -c 3000000 /dev/zero|printed more than 1048576 bytes",
                "printf '{\"status\":{\"token\":\"secret\\\\nX: y\"}}'|characters that no token has",
            })
    void a_plugin_that_prints_something_else_gives_no_credentials_and_no_secret_away(String script, String complaint)
            throws IOException {
        ApiAccess access = access(exec(plugin(script + "\n")));
        assertThatThrownBy(access::connect)
                .isInstanceOf(CredentialsException.class)
                .hasMessageContaining(complaint)
                .hasMessageNotContaining("secret");
    }

    @Test
    void a_plugin_that_is_not_there_or_wants_a_terminal_is_named() throws IOException {
        assertThatThrownBy(() -> access(exec(home.resolve("absent"))).connect())
                .isInstanceOf(CredentialsException.class)
                .hasMessageContaining("absent")
                .hasMessageContaining("cannot be run")
                .hasMessageContaining("install it");
        assertThatThrownBy(() -> access("{exec: {apiVersion: client.authentication.k8s.io/v1, command: x,"
                                + " interactiveMode: Always}}")
                        .connect())
                .hasMessageContaining("interactiveMode: Always");
        assertThatThrownBy(() -> access("{exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: x}}")
                        .connect())
                .hasMessageContaining("apiVersion: \"client.authentication.k8s.io/v1alpha1\"");
    }

    @Test
    void a_plugin_that_hangs_is_ended_with_its_children_when_its_time_is_over() throws Exception {
        Path pids = home.resolve("pids");
        Path plugin = plugin("sleep 600 &\necho $! >> " + pids + "\necho $$ >> " + pids + "\nsleep 600\n");
        ApiAccess access = access(exec(plugin));
        assertThatThrownBy(access::connect)
                .isInstanceOf(CredentialsException.class)
                .hasMessage("the credential plugin \"" + plugin + "\": no answer within PT0.4S, so it was ended");
        for (String pid : Files.readAllLines(pids)) {
            ProcessHandle.of(Long.parseLong(pid))
                    .ifPresent(process ->
                            process.onExit().orTimeout(10, TimeUnit.SECONDS).join());
        }
        assertThat(Files.readAllLines(pids)).hasSize(2);
    }

    @Test
    void many_that_need_it_run_it_once_without_a_lock_and_a_waiter_can_be_interrupted() throws Exception {
        Path go = home.resolve("go");
        Path runs = home.resolve("runs");
        Path plugin =
                plugin("echo run >> " + runs + "\nwhile [ ! -e " + go + " ]; do sleep 0.02; done\n" + status("t"));
        Path file = Files.writeString(home.resolve("kubeconfig"), """
                current-context: here
                clusters: [{name: one, cluster: {server: "https://api.example:6443"}}]
                contexts: [{name: here, context: {cluster: one, user: me}}]
                users: [{name: me, user: %s}]
                """.formatted(exec(plugin)));
        ApiAccess access = new ApiAccess(new ApiAccess.Config(null, file, null, environment(Duration.ofSeconds(20))));
        List<CompletableFuture<ApiConnection>> connected = new ArrayList<>();
        CountDownLatch ended = new CountDownLatch(1);
        for (int i = 0; i < 4; i++) {
            connected.add(connectOnAThread(access, null));
        }
        while (!Files.exists(runs)) {
            Thread.onSpinWait();
        }
        CompletableFuture<Thread> thread = new CompletableFuture<>();
        Thread waiter = new Thread(() -> {
            thread.complete(Thread.currentThread());
            try {
                access.connect();
            } catch (IOException interrupted) {
                ended.countDown();
            }
        });
        waiter.start();
        thread.get(10, TimeUnit.SECONDS).interrupt();
        assertThat(ended.await(10, TimeUnit.SECONDS)).isTrue();
        Files.createFile(go);
        ApiConnection first = connected.get(0).get(20, TimeUnit.SECONDS);
        for (CompletableFuture<ApiConnection> other : connected) {
            assertThat(other.get(20, TimeUnit.SECONDS)).isSameAs(first);
        }
        assertThat(Files.readAllLines(runs)).hasSize(1);
    }

    private static CompletableFuture<ApiConnection> connectOnAThread(ApiAccess access, Object ignored) {
        CompletableFuture<ApiConnection> result = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                result.complete(access.connect());
            } catch (IOException | RuntimeException failure) {
                result.completeExceptionally(failure);
            }
        });
        thread.setDaemon(true);
        thread.start();
        return result;
    }

    @Test
    void a_plugin_is_shown_what_it_is_run_for() throws IOException {
        Path seen = home.resolve("seen");
        Path plugin = plugin("printf '%s' \"$KUBERNETES_EXEC_INFO $EXTRA $1\" > " + seen + "\n" + status("t"));
        access(
                        "https://api.example:6443",
                        ", tls-server-name: other",
                        "{exec: {apiVersion: client.authentication.k8s.io/v1, command: " + plugin
                                + ", args: [login], env: [{name: EXTRA, value: more}], provideClusterInfo: true}}")
                .connect();
        assertThat(Files.readString(seen))
                .isEqualTo("{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"spec\":"
                        + "{\"interactive\":false,\"cluster\":{\"server\":\"https://api.example:6443\","
                        + "\"tls-server-name\":\"other\"}}} more login");
    }

    @Test
    void a_token_file_is_read_for_each_request_trimmed_and_comes_before_a_token() throws IOException {
        Path token = Files.writeString(home.resolve("token"), "first\n");
        ApiAccess access = access("{tokenFile: " + token + ", token: static}");
        assertThat(sent(access, "Authorization")).isEqualTo("Bearer first");
        Files.writeString(token, "second\r\n");
        assertThat(sent(access, "Authorization")).isEqualTo("Bearer second");
        Files.delete(token);
        assertThat(sent(access, "Authorization")).as("as client-go").isEqualTo("Bearer static");
    }

    @Test
    void a_token_file_that_cannot_be_read_stops_the_request() throws IOException {
        ApiConnection connection =
                access("{tokenFile: " + home.resolve("token") + "}").connect();
        assertThatThrownBy(() -> connection.get("/x", Map.of()).execute())
                .isInstanceOf(CredentialsException.class)
                .hasMessageContaining("cannot be read");
        Files.writeString(home.resolve("token"), " \n");
        assertThatThrownBy(() -> connection.get("/x", Map.of()).execute()).hasMessageContaining("empty");
        Files.writeString(home.resolve("token"), "sec\nret");
        assertThatThrownBy(() -> connection.get("/x", Map.of()).execute())
                .hasMessageContaining("characters that no token has")
                .hasMessageNotContaining("ret");
    }

    @Test
    void a_user_that_is_missing_or_has_nothing_is_refused() throws IOException {
        assertThatThrownBy(access("{}")::connect)
                .isInstanceOf(CredentialsException.class)
                .hasMessageStartingWith("user: \"me\" in the context here of ")
                .hasMessageContaining("has no credentials");
        Path file = Files.writeString(home.resolve("other"), """
                current-context: here
                clusters: [{name: one, cluster: {server: "https://api.example:6443"}}]
                contexts: [{name: here, context: {cluster: one, user: nobody}}]
                users: [{name: me, user: {token: x}}]
                """);
        assertThatThrownBy(() -> new ApiAccess(new ApiAccess.Config(null, file, null, environment(SHORT))).connect())
                .isInstanceOf(CredentialsException.class)
                .hasMessageStartingWith("user: \"nobody\" in ");
        assertThat(access("http://127.0.0.1:8001", "", "{}").connect().server())
                .as("kubectl proxy has credentials of its own")
                .isEqualTo("http://127.0.0.1:8001");
    }

    @Test
    void basic_authentication_and_impersonation_are_sent() throws IOException {
        Request request = Requests.sent(access("{username: a, password: b, as: jane, as-uid: u1, as-groups: [g1, g2],"
                        + " as-user-extra: {scopes: [s]}}")
                .connect());
        assertThat(request.header("Authorization")).isEqualTo("Basic YTpi");
        assertThat(request.header("Impersonate-User")).isEqualTo("jane");
        assertThat(request.header("Impersonate-Uid")).isEqualTo("u1");
        assertThat(request.headers("Impersonate-Group")).containsExactly("g1", "g2");
        assertThat(request.header("Impersonate-Extra-scopes")).isEqualTo("s");
    }

    @Test
    void a_proxy_of_the_cluster_or_of_the_environment_is_used() throws IOException {
        assertThat(access("https://api.example:6443", ", proxy-url: \"socks5://127.0.0.1:1080\"", "{token: t}")
                        .connect()
                        .http()
                        .proxy()
                        .toString())
                .isEqualTo("SOCKS @ 127.0.0.1/<unresolved>:1080");
        variables.put("HTTPS_PROXY", "http://user:secret@proxy.example:3128");
        assertThat(String.valueOf(access("{token: t}").connect().http().proxy()))
                .isEqualTo("HTTP @ proxy.example/<unresolved>:3128");
        variables.put("NO_PROXY", "other, .example");
        assertThat(String.valueOf(access("{token: t}").connect().http().proxy()))
                .isEqualTo("DIRECT");
        variables.put("NO_PROXY", "");
        variables.put("HTTPS_PROXY", "https://proxy.example");
        assertThatThrownBy(access("{token: t}")::connect)
                .hasMessage("HTTPS_PROXY: the scheme \"https\" (expected: http://[user:password@]host:port or"
                        + " socks5://host:port)");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "10.96.0.1|10.96.0.0/12|true",
                "10.96.0.1|10.96.0.1|true",
                "10.96.0.1|10.0.0.0/16|false",
                "a.b.example|b.example|true",
                "a.b.example|.b.example|true",
                "b.example|.b.example|false",
                "b.example|*.b.example|false",
                "ab.example|b.example|false",
                "a.example|*|true",
                "a.example|a.example:443|true",
                "a.example|a.example:80|false",
                "[fd00::1]|fd00::/8|true",
                "[fd00::1]|fd00::1|true",
                "localhost|x|true",
                "127.0.0.1|x|true",
                "A.Example|a.example|true",
                "10.96.0.1|nonsense/8, 10.96.0.0/x|false",
            })
    void no_proxy_is_understood_as_go_does(String host, String exceptions, boolean excepted) {
        assertThat(ProxyChoice.isExcepted(URI.create("https://" + host), exceptions))
                .isEqualTo(excepted);
    }

    @Test
    void a_plugin_that_hangs_leaves_the_source_stale_with_one_session_at_a_time() throws Exception {
        Path runs = home.resolve("runs");
        Path plugin = plugin("echo run >> " + runs + "\nexec sleep 600\n");
        access(exec(plugin));
        try (SourceBed bed = new SourceBed(Speaks.HTTP_2)) {
            bed.start(builder -> builder.kubeconfig(home.resolve("kubeconfig")).environment(environment(SHORT)));
            bed.pass(Duration.ofMinutes(2));
            assertThat(bed.complaint()).startsWith("credentials for the API server: the credential plugin");
            assertThat(Files.readAllLines(runs)).as("with back-off").hasSizeBetween(4, 9);
            assertThat(bed.server.requests()).as("nothing without credentials").isEmpty();
        }
    }

    @Test
    void a_plugin_that_hangs_is_ended_by_close_and_leaves_no_thread_and_no_process() throws Exception {
        Path pid = home.resolve("pid");
        Path plugin = plugin("echo $$ > " + pid + "\nexec sleep 600\n");
        access(exec(plugin));
        try (SourceBed bed = new SourceBed(Speaks.HTTP_2)) {
            KubernetesEndpointSource source = bed.start(builder ->
                    builder.kubeconfig(home.resolve("kubeconfig")).environment(environment(Duration.ofMinutes(10))));
            bed.until("the plugin runs", () -> Files.exists(pid) && pid.toFile().length() > 0);
            long number = Long.parseLong(Files.readString(pid).strip());
            assertThat(ProcessHandle.of(number)).isPresent();
            source.close();
            bed.until("the plugin's end", () -> ProcessHandle.of(number).isEmpty());
            bed.until("the session's end", () -> bed.sessions() == 0);
        }
    }

    @Test
    void an_anonymous_403_renews_the_credentials_as_a_401_does() throws Exception {
        try (SourceBed bed = new SourceBed(Speaks.HTTP_2)) {
            bed.server.put(slice("pg-a", "pg-0"));
            bed.server.allowAnonymous();
            Path file = bed.server.writeKubeconfig(home, FakeApiServer.TOKEN);
            bed.start(builder -> builder.kubeconfig(file));
            bed.awaitPods("pg-0");
            bed.awaitWatch();
            bed.pass(SliceWatch.SETTLED.plusSeconds(1));
            bed.server.rotateToken("second-token");
            bed.server.endWatches();
            bed.pass(Duration.ofSeconds(20), "refused", () -> !bed.complaint().isEmpty());
            assertThat(bed.complaint())
                    .contains("takes us for system:anonymous")
                    .doesNotContain("kind: Role");
            bed.server.writeKubeconfig(home, "second-token");
            bed.pass(Duration.ofSeconds(31), "recovered", () -> bed.complaint().isEmpty());
            assertThat(bed.server.count(Verb.LIST)).isGreaterThan(1);
        }
    }
}
