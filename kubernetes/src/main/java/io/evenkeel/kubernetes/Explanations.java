package io.evenkeel.kubernetes;

import io.evenkeel.kubernetes.ApiObject.ApiStatus;
import io.evenkeel.kubernetes.ApiProblem.Kind;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.time.Duration;
import java.time.Instant;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.jspecify.annotations.Nullable;

/** Turns what went wrong into what to do about it. */
final class Explanations {

    /**
     * However long a server asks to wait: a Service that is looked at once in ten minutes is as good as not watched.
     */
    private static final Duration LONGEST_RETRY_AFTER = Duration.ofMinutes(10);

    /** As which the API server lets in a client that presents nothing that it knows. */
    private static final String ANONYMOUS = "system:anonymous";

    private Explanations() {}

    /**
     * What was asked, and of which server.
     *
     * @param verb {@code list} or {@code watch}
     * @param namespace that was meant in the end
     */
    record Asked(String verb, String service, String namespace, String server, String origin) {
        String what() {
            return verb + " the EndpointSlices of Service " + service + " in namespace " + namespace + " at " + server;
        }
    }

    /**
     * An answer that is none of 2xx.
     *
     * @param status from the body; empty where it had none
     * @param retryAfterHeader in seconds as in the header, or null
     * @param bearerToken what we said who we are, or null
     * @param serverTime what time it is there, or null where it doesn't say
     */
    record Refusal(
            int httpCode,
            ApiStatus status,
            @Nullable String retryAfterHeader,
            @Nullable String bearerToken,
            @Nullable Instant serverTime) {

        int code() {
            return status.code() == 0 ? httpCode : status.code();
        }
    }

    static ApiProblem refused(Asked asked, Refusal refusal) {
        String said = refusal.status().message().isEmpty()
                ? "HTTP status " + refusal.httpCode()
                : refusal.httpCode() + ", " + refusal.status().message();
        Duration wait = retryAfter(refusal);
        if (refusal.status().message().contains("Too large resource version")) {
            // The server is behind what we have seen: one of several, or set back to a backup.
            return new ApiProblem(Kind.EXPIRED, "cannot " + asked.what() + ": " + said, wait, null);
        }
        return switch (refusal.code()) {
            case 401 -> new ApiProblem(Kind.UNAUTHORIZED, unauthorized(asked, refusal), wait, null);
            case 403 -> forbidden(asked, refusal, wait);
            case 404 ->
                new ApiProblem(
                        Kind.REFUSED,
                        "cannot " + asked.what() + ": " + said
                                + " (expected: an API server that serves discovery.k8s.io/v1, "
                                + "Kubernetes 1.21 or newer; is its"
                                + " address right?)",
                        wait,
                        null);
            case 410 -> new ApiProblem(Kind.EXPIRED, "cannot " + asked.what() + ": " + said, wait, null);
            case 429 ->
                new ApiProblem(
                        Kind.UNREACHABLE, "cannot " + asked.what() + ": it has too much to do: " + said, wait, null);
            default -> new ApiProblem(Kind.UNREACHABLE, "cannot " + asked.what() + ": " + said, wait, null);
        };
    }

    /** The server ended a watch by an event of type ERROR: what comes after it is not known. */
    static ApiProblem brokenOff(Asked asked, ApiStatus status) {
        String said = status.message().isEmpty() ? "without saying why" : status.code() + ", " + status.message();
        return new ApiProblem(
                Kind.EXPIRED,
                asked.server() + " ended the watch of Service " + asked.service() + ": " + said,
                null,
                null);
    }

    /** What it said is of an earlier time than what it said before. */
    static ApiProblem wentBack(String where, String newest, String older) {
        return new ApiProblem(
                Kind.EXPIRED,
                where + ": its resourceVersions went back from " + newest + " to " + older
                        + " (expected: to grow; was etcd restored from a backup?), so everything is listed anew",
                null,
                null);
    }

    /** The session could not begin. */
    static ApiProblem notBegun(String where, Throwable failure) {
        return new ApiProblem(
                Kind.UNREACHABLE, where + ": not asked, no thread could be started: " + failure, null, failure);
    }

    /** What it said is not what the API says. */
    static ApiProblem incomprehensible(Asked asked, IOException contradiction) {
        return new ApiProblem(
                Kind.EXPIRED,
                "cannot " + asked.what()
                        + ": its answer is not what the API promises (expected: an API server, and no proxy"
                        + " that changes its answers): " + contradiction.getMessage(),
                null,
                contradiction);
    }

    private static String unauthorized(Asked asked, Refusal refusal) {
        StringBuilder text =
                new StringBuilder("cannot ").append(asked.what()).append(": it does not know us: the credentials, ");
        text.append(asked.origin()).append(", were refused");
        Account account = Account.of(refusal.status().message(), refusal.bearerToken());
        if (account != null) {
            text.append("; the token is of ").append(account.user());
        }
        Instant expiry = Account.expiryOf(refusal.bearerToken());
        Instant begin = Account.beginOf(refusal.bearerToken());
        Instant now = refusal.serverTime();
        if (expiry != null && now != null && expiry.isBefore(now)) {
            text.append(" and expired at ")
                    .append(expiry)
                    .append(", the server's time is ")
                    .append(now);
        } else if (begin != null && now != null && begin.isAfter(now)) {
            text.append(" and is valid from ")
                    .append(begin)
                    .append(", the server's time is ")
                    .append(now);
        }
        return text.append(" (expected: a token or certificate of this cluster that is valid now; it "
                        + "is read again before each try)")
                .toString();
    }

    private static ApiProblem forbidden(Asked asked, Refusal refusal, @Nullable Duration wait) {
        Account account = Account.of(refusal.status().message(), refusal.bearerToken());
        if (account != null && account.user().equals(ANONYMOUS)) {
            return new ApiProblem(
                    Kind.UNAUTHORIZED,
                    "cannot " + asked.what() + ": it takes us for " + ANONYMOUS + ": the credentials, " + asked.origin()
                            + ", were not accepted (expected: a token or certificate of this cluster that is valid now;"
                            + " it is read again before each try)",
                    wait,
                    null);
        }
        String who = account == null ? "this process" : account.user();
        return new ApiProblem(
                Kind.FORBIDDEN,
                who + " may not " + asked.what()
                        + " (expected: a Role that allows list and watch on endpointslices of discovery.k8s.io)",
                wait,
                null,
                "to grant it, kubectl apply:\n" + grant(asked.namespace(), account));
    }

    /** The least that is needed, ready to be applied. */
    private static String grant(String namespace, @Nullable Account account) {
        String subject = account == null
                ? "- kind: ServiceAccount\n  name: YOUR-SERVICE-ACCOUNT\n  namespace: " + namespace + "\n"
                : account.subjectYaml();
        return """
                apiVersion: rbac.authorization.k8s.io/v1
                kind: Role
                metadata:
                  name: evenkeel
                  namespace: %1$s
                rules:
                - apiGroups: ["discovery.k8s.io"]
                  resources: ["endpointslices"]
                  verbs: ["list", "watch"]
                ---
                apiVersion: rbac.authorization.k8s.io/v1
                kind: RoleBinding
                metadata:
                  name: evenkeel
                  namespace: %1$s
                subjects:
                %2$sroleRef:
                  apiGroup: rbac.authorization.k8s.io
                  kind: Role
                  name: evenkeel
                """.formatted(namespace, subject);
    }

    private static @Nullable Duration retryAfter(Refusal refusal) {
        Long seconds = refusal.status().retryAfterSeconds();
        String header = refusal.retryAfterHeader();
        // The header's other form, a date, needs a clock and is not used by API servers.
        if (header != null && header.strip().matches("[0-9]{1,9}")) {
            seconds = Long.valueOf(header.strip());
        }
        if (seconds == null || seconds <= 0) {
            return null;
        }
        Duration asked = Duration.ofSeconds(seconds);
        return asked.compareTo(LONGEST_RETRY_AFTER) > 0 ? LONGEST_RETRY_AFTER : asked;
    }

    /** No answer at all, or one that broke off. */
    static ApiProblem failed(Asked asked, Throwable failure) {
        CredentialsException credentials = find(failure, CredentialsException.class);
        if (credentials != null) {
            return unusable(credentials);
        }
        String text = "cannot " + asked.what() + ": " + why(asked, failure);
        return new ApiProblem(Kind.UNREACHABLE, text, null, failure);
    }

    private static String why(Asked asked, Throwable failure) {
        if (find(failure, CertificateExpiredException.class) != null
                || find(failure, CertificateNotYetValidException.class) != null) {
            return "a certificate is not valid at this time: " + message(failure)
                    + " (expected: the clocks of this machine and of the API server to agree, and a "
                    + "certificate that was"
                    + " renewed in time)";
        }
        // The latter: a CA of the same name with another key, as every cluster of kubeadm has one.
        if (find(failure, CertPathBuilderException.class) != null
                || find(failure, CertPathValidatorException.class) != null) {
            return "its certificate is not signed by the CA that we were given, " + asked.origin()
                    + " (expected: the CA of this cluster; was the cluster made anew, or is a proxy in between?): "
                    + message(failure);
        }
        if (find(failure, SSLPeerUnverifiedException.class) != null) {
            return "its certificate is for another name (expected: an address that is in the "
                    + "certificate, or tls-server-name in"
                    + " the kubeconfig): " + message(failure);
        }
        if (find(failure, SSLException.class) != null) {
            return "no TLS connection came about: " + message(failure)
                    + " (expected: an address that speaks https, and a client certificate, if any, "
                    + "that the server accepts)";
        }
        if (find(failure, UnknownHostException.class) != null) {
            return "its name is not known: " + message(failure);
        }
        if (find(failure, ConnectException.class) != null || find(failure, NoRouteToHostException.class) != null) {
            return "nothing answers there: " + message(failure)
                    + " (expected: the address of the API server, and no NetworkPolicy that forbids to reach it)";
        }
        return message(failure);
    }

    private static String message(Throwable failure) {
        String name = failure.getClass().getSimpleName();
        return failure.getMessage() == null ? name : name + ": " + failure.getMessage();
    }

    private static <T extends Throwable> @Nullable T find(Throwable failure, Class<T> type) {
        int depth = 0;
        for (Throwable cause = failure; cause != null && depth < 20; cause = cause.getCause()) {
            if (type.isInstance(cause)) {
                return type.cast(cause);
            }
            depth++;
        }
        return null;
    }

    /** There is no configuration, or none that can be used. */
    static ApiProblem unusable(Exception failure) {
        if (failure instanceof CredentialsException) {
            return new ApiProblem(
                    Kind.REFUSED,
                    "credentials for the API server: " + failure.getMessage() + "; they are asked for again",
                    null,
                    failure);
        }
        String message = failure instanceof IOException ? message(failure) : String.valueOf(failure.getMessage());
        return new ApiProblem(Kind.REFUSED, "the API server's configuration: " + message, null, failure);
    }

    /** The Service has no slice. */
    static String noSlice(String service, String namespace) {
        return "Service " + service + " has no EndpointSlice in namespace " + namespace
                + ": does it exist, does its selector match Pods? (A Service without selector has "
                + "only EndpointSlices that"
                + " are written by hand or by a controller, labelled kubernetes.io/service-name=" + service
                + "; one of type ExternalName has none: use dns: for that)";
    }
}
