package io.evenkeel.it;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A certificate authority and a server certificate that it signed for one name, made by the JDK's keytool. Valid for a
 * week.
 *
 * @param authority PEM file of the authority's certificate: what {@code sslrootcert} takes
 * @param certificate PEM file of the server's certificate
 * @param privateKey PEM file of its key
 */
record TestCertificate(Path authority, Path certificate, Path privateKey) {
    private static final String PASSWORD = "changeit";

    /** Makes both in the directory, which must exist. */
    static TestCertificate create(Path directory, String dnsName) throws IOException {
        Path store = directory.resolve("keys.p12");
        keytool(store, "-genkeypair", "-alias", "ca", "-dname", "CN=Test authority", "-ext", "bc:c", "-keyalg", "RSA");
        keytool(store, "-genkeypair", "-alias", "server", "-dname", "CN=" + dnsName, "-keyalg", "RSA");
        Path request = directory.resolve("server.csr");
        Path signed = directory.resolve("server.cer");
        Path authority = directory.resolve("ca.crt");
        keytool(store, "-certreq", "-alias", "server", "-file", request.toString());
        keytool(
                store,
                "-gencert",
                "-alias",
                "ca",
                "-ext",
                "san=dns:" + dnsName,
                "-validity",
                "7",
                "-infile",
                request.toString(),
                "-outfile",
                signed.toString());
        keytool(store, "-exportcert", "-rfc", "-alias", "ca", "-file", authority.toString());
        keytool(store, "-importcert", "-noprompt", "-alias", "server", "-file", signed.toString());
        return export(store, directory, authority);
    }

    private static TestCertificate export(Path store, Path directory, Path authority) throws IOException {
        try (InputStream in = Files.newInputStream(store)) {
            KeyStore keys = KeyStore.getInstance("PKCS12");
            keys.load(in, PASSWORD.toCharArray());
            Key key = keys.getKey("server", PASSWORD.toCharArray());
            Certificate certificate = keys.getCertificate("server");
            Path certificateFile =
                    Files.writeString(directory.resolve("server.crt"), pem("CERTIFICATE", certificate.getEncoded()));
            Path keyFile = Files.writeString(directory.resolve("server.key"), pem("PRIVATE KEY", key.getEncoded()));
            return new TestCertificate(authority, certificateFile, keyFile);
        } catch (GeneralSecurityException e) {
            throw new IOException("keystore: " + store + " unreadable (expected: what keytool just wrote)", e);
        }
    }

    private static String pem(String type, byte[] der) {
        String body = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
        return "-----BEGIN " + type + "-----\n" + body + "\n-----END " + type + "-----\n";
    }

    private static void keytool(Path store, String... arguments) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
        command.addAll(List.of(arguments));
        command.addAll(List.of("-keystore", store.toString(), "-storepass", PASSWORD, "-storetype", "PKCS12"));
        Path output = Files.createTempFile(store.getParent(), "keytool-", ".out");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            if (!process.waitFor(1, TimeUnit.MINUTES) || process.exitValue() != 0) {
                process.destroyForcibly();
                throw new IOException(String.join(" ", command) + System.lineSeparator() + Files.readString(output));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while keytool ran", e);
        } finally {
            Files.delete(output);
        }
    }
}
