package io.evenkeel.kubernetes;

import io.evenkeel.endpoint.HostSyntax;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import okhttp3.Authenticator;
import okhttp3.Credentials;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import org.jspecify.annotations.Nullable;

/**
 * The proxy between us and the API server, as client-go and kubectl choose it: a cluster's {@code proxy-url}, else
 * {@code HTTPS_PROXY} (or {@code HTTP_PROXY}, for a server of plain http) unless {@code NO_PROXY} excepts the server.
 * Loopback addresses have no proxy by the environment.
 *
 * @param proxy that is used
 * @param authorization for it, or null
 */
record ProxyChoice(Proxy proxy, @Nullable String authorization) {

    private static final ProxyChoice NONE = new ProxyChoice(Proxy.NO_PROXY, null);

    /**
     * Chooses.
     *
     * @param server the API server's address
     * @param proxyUrl of the kubeconfig's cluster, or null
     * @throws IllegalArgumentException if the proxy is of a kind that is not supported
     */
    static ProxyChoice of(URI server, @Nullable String proxyUrl, ApiEnvironment environment) {
        if (proxyUrl != null) {
            return parse("proxy-url", proxyUrl);
        }
        String variable = "https".equalsIgnoreCase(server.getScheme()) ? "HTTPS_PROXY" : "HTTP_PROXY";
        String value = any(environment, variable);
        if (value == null || isExcepted(server, any(environment, "NO_PROXY"))) {
            return NONE;
        }
        return parse(variable, value.contains("://") ? value : "http://" + value);
    }

    private static @Nullable String any(ApiEnvironment environment, String variable) {
        String value = environment.get(variable);
        return value == null ? environment.get(variable.toLowerCase(Locale.ROOT)) : value;
    }

    private static ProxyChoice parse(String what, String text) {
        URI url;
        try {
            url = URI.create(text);
        } catch (IllegalArgumentException invalid) {
            // Without its message, which would show a password.
            throw refused(what, "no URL");
        }
        String scheme = String.valueOf(url.getScheme()).toLowerCase(Locale.ROOT);
        String host = url.getHost();
        if (host == null) {
            throw refused(what, "no host");
        }
        boolean socks = scheme.equals("socks5") || scheme.equals("socks5h");
        if (!socks && !scheme.equals("http")) {
            throw refused(what, "the scheme " + HostSyntax.shown(scheme));
        }
        String user = url.getUserInfo();
        if (socks && user != null) {
            throw refused(what, "a user for SOCKS");
        }
        int port = url.getPort() > 0 ? url.getPort() : socks ? 1080 : 80;
        String bare = host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
        Proxy.Type type = socks ? Proxy.Type.SOCKS : Proxy.Type.HTTP;
        return new ProxyChoice(
                new Proxy(type, InetSocketAddress.createUnresolved(bare, port)), user == null ? null : basic(user));
    }

    private static String basic(String user) {
        int colon = user.indexOf(':');
        return colon < 0
                ? Credentials.basic(user, "")
                : Credentials.basic(user.substring(0, colon), user.substring(colon + 1));
    }

    private static IllegalArgumentException refused(String what, String given) {
        return new IllegalArgumentException(
                what + ": " + given + " (expected: http://[user:password@]host:port or socks5://host:port)");
    }

    /** By Go's rules for NO_PROXY: *, addresses, CIDR blocks, and names, which stand for their subdomains too. */
    static boolean isExcepted(URI server, @Nullable String exceptions) {
        String host = String.valueOf(server.getHost()).toLowerCase(Locale.ROOT);
        String bare = host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
        int port = server.getPort() > 0 ? server.getPort() : "https".equals(server.getScheme()) ? 443 : 80;
        if (bare.equals("localhost") || (isAddress(bare) && address(bare).isLoopbackAddress())) {
            return true;
        }
        return exceptions != null
                && Stream.of(exceptions.split(",", -1))
                        .map(text -> text.strip().toLowerCase(Locale.ROOT))
                        .anyMatch(text -> !text.isEmpty() && excepts(text, bare, port));
    }

    private static boolean excepts(String text, String host, int port) {
        if (text.equals("*")) {
            return true;
        }
        int slash = text.indexOf('/');
        if (slash > 0) {
            return isAddress(host) && isAddress(text.substring(0, slash)) && isIn(host, text, slash);
        }
        String name = text;
        int colon = text.lastIndexOf(':');
        if (colon > 0 && (text.indexOf(':') == colon || text.charAt(colon - 1) == ']')) {
            if (!text.substring(colon + 1).equals(Integer.toString(port))) {
                return false;
            }
            name = text.substring(0, colon);
        }
        name = name.startsWith("[") && name.endsWith("]") ? name.substring(1, name.length() - 1) : name;
        if (isAddress(name)) {
            return isAddress(host) && address(name).equals(address(host));
        }
        name = name.startsWith("*.") ? name.substring(1) : name;
        return name.startsWith(".") ? host.endsWith(name) : host.equals(name) || host.endsWith("." + name);
    }

    private static boolean isIn(String host, String block, int slash) {
        byte[] network = address(block.substring(0, slash)).getAddress();
        byte[] one = address(host).getAddress();
        String bits = block.substring(slash + 1);
        if (network.length != one.length || !bits.matches("[0-9]{1,3}")) {
            return false;
        }
        int length = Math.min(Integer.parseInt(bits), network.length * 8);
        for (int bit = 0; bit < length; bit++) {
            int mask = 0x80 >> bit % 8;
            if ((network[bit / 8] & mask) != (one[bit / 8] & mask)) {
                return false;
            }
        }
        return true;
    }

    private static boolean isAddress(String text) {
        return HostSyntax.isIpv4(text) || HostSyntax.isIpv6(text);
    }

    /** Of text that is an address, so that nothing is looked up. */
    private static InetAddress address(String text) {
        try {
            return InetAddress.getByName(text);
        } catch (UnknownHostException impossible) {
            throw new IllegalStateException("an address that is none: " + HostSyntax.shown(text), impossible);
        }
    }

    void applyTo(OkHttpClient.Builder http) {
        http.proxy(proxy);
        String value = authorization;
        if (value != null) {
            http.proxyAuthenticator(once(value));
        }
    }

    /** Says it once: a proxy that refuses it would be asked for ever. */
    private static Authenticator once(String value) {
        return (route, response) -> {
            Request refused = response.request();
            return refused.header("Proxy-Authorization") != null
                    ? null
                    : refused.newBuilder().header("Proxy-Authorization", value).build();
        };
    }

    /** For messages; without the user. */
    @Override
    public String toString() {
        return List.of(proxy.type(), String.valueOf(proxy.address())).toString();
    }
}
