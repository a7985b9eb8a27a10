package io.evenkeel.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kubernetes.client.openapi.ApiClient;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import okhttp3.tls.HeldCertificate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where the API server and the credentials are found; nothing is asked here. */
class ApiAccessTest {

    private static HeldCertificate authority;

    @TempDir
    Path home;

    private final Map<String, String> variables = new HashMap<>();

    @BeforeAll
    static void makeAuthority() {
        authority = new HeldCertificate.Builder().certificateAuthority(0).build();
    }

    private ApiAccess access(@Nullable ApiClient client, @Nullable Path kubeconfig, @Nullable String context) {
        variables.putIfAbsent("HOME", home.toString());
        ApiEnvironment environment = new ApiEnvironment(variables, home.resolve("serviceaccount"));
        return new ApiAccess(new ApiAccess.Config(client, kubeconfig, context, environment));
    }

    private ApiConnection connect(@Nullable String context) throws IOException {
        return access(null, null, context).connect();
    }

    private static String authorization(ApiConnection connection) {
        return String.valueOf(Requests.sent(connection).header("authorization"));
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    private Path kubeconfig(Path file, String server, String user) throws IOException {
        Files.createDirectories(file.getParent());
        return Files.writeString(file, """
                apiVersion: v1
                kind: Config
                current-context: first
                clusters:
                - name: here
                  cluster: {server: "%1$s", certificate-authority-data: %2$s}
                - name: there
                  cluster: {server: "https://there:6443"}
                contexts:
                - name: first
                  context: {cluster: here, user: me, namespace: shop}
                - name: second
                  context: {cluster: there, user: me}
                users:
                - name: me
                  user: %3$s
                """.formatted(server, base64(authority.certificatePem()), user));
    }

    private void bePod() throws IOException {
        variables.put("KUBERNETES_SERVICE_HOST", "fd00::1");
        variables.put("KUBERNETES_SERVICE_PORT", "443");
        Path directory = Files.createDirectories(home.resolve("serviceaccount"));
        Files.writeString(directory.resolve("token"), "pod-token\n");
        Files.writeString(directory.resolve("ca.crt"), authority.certificatePem());
        Files.writeString(directory.resolve("namespace"), "orders\n");
    }

    @Test
    void a_pod_uses_its_service_account_before_any_file() throws IOException {
        bePod();
        kubeconfig(home.resolve(".kube/config"), "https://home:6443", "{token: home}");

        ApiConnection connection = connect(null);
        assertThat(connection.server()).isEqualTo("https://[fd00::1]:443");
        assertThat(connection.namespace()).isEqualTo("orders");
    }

    @Test
    void a_context_is_looked_for_in_a_file_also_in_a_pod() throws IOException {
        bePod();
        kubeconfig(home.resolve(".kube/config"), "https://home:6443", "{token: home}");

        assertThat(connect("second").server()).isEqualTo("https://there:6443");
        assertThat(connect("second").namespace()).isEqualTo("default");
        assertThatThrownBy(() -> connect("third"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("context: third is not in ");
    }

    @Test
    void the_variable_comes_before_the_home_directory() throws IOException {
        kubeconfig(home.resolve(".kube/config"), "https://home:6443", "{token: home}");
        assertThat(connect(null).server()).isEqualTo("https://home:6443");
        assertThat(connect(null).namespace()).isEqualTo("shop");
        assertThat(authorization(connect(null))).isEqualTo("Bearer home");

        variables.put(
                "KUBECONFIG",
                kubeconfig(home.resolve("other"), "https://other:6443", "{token: other}") + File.pathSeparator
                        + "/none");
        assertThat(connect(null).server()).isEqualTo("https://other:6443");
    }

    /** A work file that names the cluster and the current context, and a private one with the user and more. */
    private String twoFiles() throws IOException {
        Path work = Files.createDirectories(home.resolve("work"));
        Path own = Files.createDirectories(home.resolve("own"));
        Files.writeString(work.resolve("ca.crt"), authority.certificatePem());
        Files.writeString(own.resolve("token"), "from-file");
        Files.writeString(work.resolve("config"), """
                current-context: staging
                clusters:
                - name: staging
                  cluster: {server: "https://staging:6443", certificate-authority: ca.crt}
                contexts:
                - name: staging
                  context: {cluster: staging, user: me, namespace: shop}
                """);
        Files.writeString(own.resolve("config"), """
                current-context: other
                clusters:
                - name: staging
                  cluster: {server: "https://never:6443"}
                - name: other
                  cluster: {server: "https://other:6443"}
                contexts:
                - name: other
                  context: {cluster: other, user: me}
                users:
                - name: me
                  user: {tokenFile: token}
                """);
        return work.resolve("config")
                + File.pathSeparator
                + home.resolve("none")
                + File.pathSeparator
                + own.resolve("config");
    }

    @Test
    void several_files_are_merged_and_the_first_to_say_something_counts() throws IOException {
        variables.put("KUBECONFIG", twoFiles());

        ApiConnection connection = connect(null);
        assertThat(connection.server()).isEqualTo("https://staging:6443");
        assertThat(connection.namespace()).isEqualTo("shop");
        assertThat(connection.origin())
                .contains("work/config, ")
                .endsWith("own/config")
                .doesNotContain("none");
        assertThat(connect("other").server()).isEqualTo("https://other:6443");
    }

    @Test
    void paths_are_relative_to_the_file_that_they_are_in() throws IOException {
        variables.put("KUBECONFIG", twoFiles());

        assertThat(authorization(connect(null))).isEqualTo("Bearer from-file");
        assertThat(connect(null).client().getSslCaCert()).isNotNull();
    }

    @Test
    void files_of_which_none_exists_are_an_error_that_names_them() {
        variables.put("KUBECONFIG", home.resolve("none") + File.pathSeparator + home.resolve("neither"));
        assertThatThrownBy(() -> connect(null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("KUBECONFIG: ")
                .hasMessageContaining("neither (expected: at least one file of these to exist)");
    }

    @Test
    void without_any_it_says_where_it_looked() {
        assertThatThrownBy(() -> connect(null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(home.resolve(".kube/config").toString())
                .hasMessageContaining("automountServiceAccountToken");
    }

    @Test
    void a_file_that_is_missing_or_is_something_else_is_an_error() throws IOException {
        assertThatThrownBy(() -> access(null, home.resolve("none"), null).connect())
                .isInstanceOf(IOException.class);

        Path other = Files.writeString(home.resolve("other.yaml"), "kind: Pod\n");
        assertThatThrownBy(() -> access(null, other, null).connect()).isInstanceOf(RuntimeException.class);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void a_client_certificate_is_presented(boolean ellipticCurve) throws IOException {
        HeldCertificate.Builder builder = new HeldCertificate.Builder().signedBy(authority);
        HeldCertificate client = (ellipticCurve ? builder.ecdsa256() : builder.rsa2048()).build();
        String key = ellipticCurve ? client.privateKeyPkcs8Pem() : client.privateKeyPkcs1Pem();
        Path file = kubeconfig(
                home.resolve("certificate"),
                "https://here:6443",
                "{client-certificate-data: " + base64(client.certificatePem()) + ", client-key-data: " + base64(key)
                        + "}");

        assertThat(access(null, file, null).connect().client().getKeyManagers()).hasSize(1);
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void a_plugin_is_run_again_when_what_it_gave_was_refused() throws IOException {
        Path plugin = Files.writeString(home.resolve("plugin.sh"), """
                #!/bin/sh
                echo run >> "%1$s"
                echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential",'
                echo '"status":{"token":"token-'$(wc -l < "%1$s" | tr -d ' ')'"}}'
                """.formatted(home.resolve("runs")));
        assertThat(plugin.toFile().setExecutable(true)).isTrue();
        Path file = kubeconfig(
                home.resolve("exec"),
                "https://here:6443",
                "{exec: {apiVersion: client.authentication.k8s.io/v1, command: " + plugin + "}}");
        ApiAccess access = access(null, file, null);

        ApiConnection first = access.connect();
        assertThat(authorization(first)).isEqualTo("Bearer token-1");
        assertThat(access.connect()).isSameAs(first);
        access.renew(first);
        ApiConnection second = access.connect();
        assertThat(authorization(second)).isEqualTo("Bearer token-2");
        access.renew(first);
        assertThat(access.connect()).as("given up already").isSameAs(second);
    }

    @Test
    void a_client_of_the_users_own_is_used_as_it_is() throws IOException {
        ApiClient own = new ApiClient().setBasePath("https://own:6443").setReadTimeout(1_000);

        ApiConnection connection = access(own, null, null).connect();
        assertThat(connection.server()).isEqualTo("https://own:6443");
        assertThat(connection.client()).isSameAs(own);
        assertThat(connection.http().connectionPool())
                .isNotSameAs(own.getHttpClient().connectionPool());
        assertThat(connection.http().readTimeoutMillis())
                .as("a watch may be silent for minutes")
                .isZero();
        assertThat(connection.http().callTimeoutMillis()).isZero();
    }
}
