package io.evenkeel.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.kubernetes.ApiObject.ApiStatus;
import io.evenkeel.kubernetes.ApiProblem.Kind;
import io.evenkeel.kubernetes.Explanations.Asked;
import io.evenkeel.kubernetes.Explanations.Refusal;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertificateNotYetValidException;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExplanationsTest {

    private static final Asked ASKED =
            new Asked("list", "pg", "shop", "https://10.96.0.1:443", "the Pod's service account in /run/secrets");

    private static Refusal refusal(int code, String message) {
        return refusal(code, message, null, null);
    }

    private static Refusal refusal(int code, String message, @Nullable String token, @Nullable Instant serverTime) {
        return new Refusal(code, new ApiStatus(code, "", message, null), null, token, serverTime);
    }

    private static String token(String claims) {
        Base64.Encoder encoder = Base64.getUrlEncoder().withoutPadding();
        return "e30." + encoder.encodeToString(claims.getBytes(StandardCharsets.UTF_8)) + ".sig";
    }

    @Test
    void without_permission_it_prints_what_to_apply_to_whom() throws IOException {
        ApiStatus recorded;
        try (SliceReader reader = new SliceReader(Recordings.open("err-403-no-rbac.json"))) {
            recorded = reader.only().status();
        }
        ApiProblem problem = Explanations.refused(ASKED, new Refusal(403, recorded, null, null, null));

        assertThat(problem.kind()).isEqualTo(Kind.FORBIDDEN);
        assertThat(problem.reason())
                .isEqualTo(
                        "system:serviceaccount:default:app may not list the EndpointSlices of Service pg in namespace shop"
                                + " at https://10.96.0.1:443 (expected: a Role that allows list and watch on endpointslices of"
                                + " discovery.k8s.io)");
        assertThat(problem.advice()).isEqualTo("""
                        to grant it, kubectl apply:
                        apiVersion: rbac.authorization.k8s.io/v1
                        kind: Role
                        metadata:
                          name: evenkeel
                          namespace: shop
                        rules:
                        - apiGroups: ["discovery.k8s.io"]
                          resources: ["endpointslices"]
                          verbs: ["list", "watch"]
                        ---
                        apiVersion: rbac.authorization.k8s.io/v1
                        kind: RoleBinding
                        metadata:
                          name: evenkeel
                          namespace: shop
                        subjects:
                        - kind: ServiceAccount
                          name: app
                          namespace: default
                        roleRef:
                          apiGroup: rbac.authorization.k8s.io
                          kind: Role
                          name: evenkeel
                        """);
    }

    @Test
    void an_anonymous_refusal_is_one_of_the_credentials_and_never_advice_to_let_everybody_in() {
        ApiProblem problem = Explanations.refused(
                ASKED, refusal(403, "endpointslices is forbidden: User \"system:anonymous\" cannot list", null, null));
        assertThat(problem.kind()).isEqualTo(Kind.UNAUTHORIZED);
        assertThat(problem.reason()).contains("were not accepted").doesNotContain("Role");
        assertThat(problem.advice()).isEmpty();
    }

    @Test
    void the_account_is_taken_from_the_token_where_the_answer_does_not_say() {
        String token = token("{\"sub\":\"system:serviceaccount:shop:orders\"}");

        assertThat(Explanations.refused(ASKED, refusal(403, "no", token, null)).reason())
                .startsWith("system:serviceaccount:shop:orders may not list");
        assertThat(Explanations.refused(ASKED, refusal(403, "no", token, null)).advice())
                .contains("- kind: ServiceAccount\n  name: orders\n  namespace: shop\n");
        assertThat(Explanations.refused(ASKED, refusal(403, "User \"jane\" cannot", null, null))
                        .advice())
                .contains("- kind: User\n  name: \"jane\"\n  apiGroup: rbac.authorization.k8s.io\n");
        assertThat(Explanations.refused(ASKED, refusal(403, "no", "opaque", null))
                        .reason())
                .startsWith("this process may not list");
        assertThat(Explanations.refused(ASKED, refusal(403, "no", "opaque", null))
                        .advice())
                .contains("name: YOUR-SERVICE-ACCOUNT");
    }

    @Test
    void a_token_that_is_refused_is_compared_with_the_servers_time() {
        Instant now = Instant.parse("2026-11-24T12:00:00Z");
        String expired = token("{\"sub\":\"system:serviceaccount:shop:a\",\"exp\":"
                + now.minusSeconds(60).getEpochSecond() + "}");
        String early = token("{\"nbf\":" + now.plusSeconds(60).getEpochSecond() + "}");

        ApiProblem problem = Explanations.refused(ASKED, refusal(401, "Unauthorized", expired, now));
        assertThat(problem.kind()).isEqualTo(Kind.UNAUTHORIZED);
        assertThat(problem.reason())
                .contains(
                        "the Pod's service account in /run/secrets, were refused; the token is of system:serviceaccount:shop:a"
                                + " and expired at 2026-11-24T11:59:00Z, the server's time is 2026-11-24T12:00:00Z")
                .contains("expected: ");
        assertThat(Explanations.refused(ASKED, refusal(401, "", early, now)).reason())
                .contains("is valid from 2026-11-24T12:01:00Z, the server's time is");
        assertThat(Explanations.refused(ASKED, refusal(401, "", token("{\"exp\":\"soon\"}"), now))
                        .reason())
                .as("a claim that is none is not shown")
                .doesNotContain("expired at");
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {"-, -, -", "7, -, 7", "-, 9, 9", "7, 9, 7", "-, 0, -", "99999999, -, 600", "soon, -, -"})
    void how_long_to_wait(@Nullable String header, @Nullable Long details, @Nullable Long expected) {
        ApiProblem problem =
                Explanations.refused(ASKED, new Refusal(429, new ApiStatus(429, "", "", details), header, null, null));

        assertThat(problem.kind()).isEqualTo(Kind.UNREACHABLE);
        assertThat(problem.retryAfter()).isEqualTo(expected == null ? null : Duration.ofSeconds(expected));
    }

    @Test
    void versions_that_cannot_be_used_are_a_reason_to_list() {
        assertThat(Explanations.refused(ASKED, refusal(410, "too old")).kind()).isEqualTo(Kind.EXPIRED);
        assertThat(Explanations.refused(ASKED, refusal(504, "Too large resource version: 9, current: 3"))
                        .kind())
                .isEqualTo(Kind.EXPIRED);
        assertThat(Explanations.refused(ASKED, refusal(504, "etcd is slow")).kind())
                .isEqualTo(Kind.UNREACHABLE);
        assertThat(Explanations.refused(ASKED, refusal(404, "page not found")).reason())
                .contains("Kubernetes 1.21 or newer");
    }

    @Test
    void clocks_authorities_and_networks_are_explained() {
        Throwable early =
                new SSLHandshakeException("bad").initCause(new CertificateNotYetValidException("NotBefore: tomorrow"));
        Throwable foreign = new SSLHandshakeException("bad").initCause(new CertPathBuilderException("no path"));

        assertThat(Explanations.failed(ASKED, early).reason())
                .contains("the clocks of this machine and of the API server");
        assertThat(Explanations.failed(ASKED, foreign).reason())
                .contains("not signed by the CA that we were given, the Pod's service account in /run/secrets");
        assertThat(Explanations.failed(ASKED, new SSLPeerUnverifiedException("Hostname"))
                        .reason())
                .contains("its certificate is for another name");
        assertThat(Explanations.failed(ASKED, new SSLHandshakeException("Unsupported or unrecognized SSL message"))
                        .reason())
                .contains("an address that speaks https");
        assertThat(Explanations.failed(ASKED, new UnknownHostException("api")).reason())
                .contains("its name is not known: UnknownHostException: api");
        assertThat(Explanations.failed(ASKED, new ConnectException("refused")).reason())
                .contains("NetworkPolicy");
        assertThat(Explanations.failed(ASKED, new NoRouteToHostException("host"))
                        .reason())
                .contains("NetworkPolicy");
        assertThat(Explanations.failed(ASKED, new IOException("stream was reset: CANCEL"))
                        .reason())
                .isEqualTo("cannot list the EndpointSlices of Service pg in namespace shop at https://10.96.0.1:443:"
                        + " IOException: stream was reset: CANCEL");
    }

    @Test
    void a_missing_library_is_named() {
        assertThat(MissingLibrary.explain(
                        new NoClassDefFoundError("org/bouncycastle/openssl/PEMParser"), "kubeconfig x"))
                .isEqualTo("kubeconfig x: needs a library that is not on the class path"
                        + " (expected: add org.bouncycastle:bcpkix-jdk18on)");
    }
}
