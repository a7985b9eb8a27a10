package io.evenkeel.status;

import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.PortUnreachableException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.channels.ClosedChannelException;
import java.security.cert.CertificateException;
import java.util.Locale;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.jspecify.annotations.Nullable;

/**
 * Why no connection is available, in the few kinds that differ in what to do about it. The first kinds are those of one
 * endpoint's failure, into which an adapter sorts its own exceptions; the others are the pool's.
 */
public enum FailureCause {
    /** Connect, I/O, silence: nothing answers, or the connection breaks. */
    UNREACHABLE(
            "endpoints cannot be reached",
            "check that the Pods run and listen on that port, and that network policies let this process through"),
    /** TLS works, and the certificate is for another name. */
    TLS_NAME(
            "the certificate does not have the name that is verified",
            "the certificate has to name the Service that is configured here; a Pod's own address is never verified"),
    /** The TLS handshake fails for another reason. */
    TLS("the TLS handshake fails", "check the certificates, the trust store and the protocol versions of both sides"),
    /** The user name, password, token or client certificate is refused. */
    AUTHENTICATION("authentication is refused", "check the user name and the password or token"),
    /** The database, virtual host or route is unknown to the server. */
    DATABASE_MISSING(
            "the database or virtual host does not exist, or is not for this user",
            "check its name and the user's rights"),
    /** The statement that sets up each connection fails. */
    INIT_SQL(
            "the initial statement of each connection fails",
            "correct connectionInitSql, or the settings it depends on"),
    /** The server has as many connections as it allows. */
    CONNECTION_LIMIT(
            "the server's limit of connections is reached",
            "raise the server's limit, or make the pools of all clients together smaller than it"),
    /** The server is starting up or shutting down. */
    NOT_READY("the server is starting up or shutting down", "wait; let the readiness probe fail until it serves"),
    /** The server refuses the connection's set-up for a reason of its own. */
    REJECTED("the server rejects the connection", "see in its message what it expects"),
    /** Code or settings of this process fail before anything is sent. */
    CLIENT("this process fails to make a connection", "correct the connection factory or the driver's settings"),
    /** Anything else. */
    OTHER("connecting fails", "see the last failure"),

    /** The source works, and has no endpoint that could be used. */
    NO_ENDPOINTS(
            "the source has no endpoint that is ready",
            "check the target's name, port and namespace, and that Pods are ready"),
    /** The source does not answer, and nothing is known from before. */
    SOURCE_FAILS("no endpoint is known since the source fails", "correct what the source reports"),
    /** Every endpoint is out for having failed. */
    ALL_EJECTED("all endpoints are ejected since they failed", "see their last failures, and HealthConfig"),
    /** Endpoints work, and every connection is in use. */
    POOL_EXHAUSTED("all connections are in use", "return connections sooner, or make the pool larger"),
    /** Connections are open, and no server permits a request on one. */
    NO_LEASE("no server grants a lease", "look at the leases that the Pods grant, or send fewer requests"),
    /** Nothing has failed: connections are being established. */
    CONNECTING("connections are still being established", "allow more time"),
    /** The pool was closed. */
    CLOSED("the pool is closed", "open connections before it is closed");

    private static final int DEEPEST = 20;

    private final String summary;
    private final String advice;

    FailureCause(String summary, String advice) {
        this.summary = summary;
        this.advice = advice;
    }

    /** What is wrong, as a part of a sentence. */
    public String summary() {
        return summary;
    }

    /** What to do, as a part of a sentence. */
    public String advice() {
        return advice;
    }

    /**
     * The kind of an exception of Java's own network and TLS classes, looked for in it and its causes; {@code OTHER} if
     * there is none. What an adapter falls back to.
     */
    public static FailureCause of(Throwable failure) {
        Throwable current = failure;
        FailureCause found = OTHER;
        for (int depth = 0; current != null && depth < DEEPEST; depth++) {
            FailureCause kind = ofOne(current);
            // A TLS failure that is wrapped in an I/O one, or the other way round: TLS says more.
            if (kind != null && (found == OTHER || found == UNREACHABLE || kind == TLS_NAME)) {
                found = kind;
            }
            current = current.getCause();
        }
        return found;
    }

    private static @Nullable FailureCause ofOne(Throwable failure) {
        if (failure instanceof SSLPeerUnverifiedException
                || (failure instanceof CertificateException && isAboutTheName(failure.getMessage()))) {
            return TLS_NAME;
        }
        if (failure instanceof SSLException || failure instanceof CertificateException) {
            return TLS;
        }
        return failure instanceof ConnectException
                        || failure instanceof NoRouteToHostException
                        || failure instanceof PortUnreachableException
                        || failure instanceof SocketTimeoutException
                        || failure instanceof SocketException
                        || failure instanceof UnknownHostException
                        || failure instanceof ClosedChannelException
                        || failure instanceof TimeoutException
                ? UNREACHABLE
                : null;
    }

    private static boolean isAboutTheName(@Nullable String message) {
        String text = message == null ? "" : message.toLowerCase(Locale.ROOT);
        return text.contains("subject alternative") || text.contains("no name matching") || text.contains("hostname");
    }
}
