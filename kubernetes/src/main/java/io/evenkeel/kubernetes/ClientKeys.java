package io.evenkeel.kubernetes;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;

/**
 * Client certificates and keys in PEM. The JDK reads certificates, and keys in PKCS #8; kind, minikube and kubeadm
 * write PKCS #1 and k3s writes SEC 1, which become PKCS #8 by a header before them (RFC 5208, RFC 5915).
 */
final class ClientKeys {

    private static final Pattern BLOCK =
            Pattern.compile("-----BEGIN ((?:[A-Z]+ )?PRIVATE KEY)-----([A-Za-z0-9+/=\\s]+)-----END \\1-----");
    private static final List<String> ALGORITHMS = List.of("RSA", "EC", "EdDSA");

    private static final int SEQUENCE = 0x30;
    private static final int OCTETS = 0x04;
    private static final int PARAMETERS = 0xa0;
    private static final byte[] VERSION = {0x02, 0x01, 0x00};
    // 1.2.840.113549.1.1.1 and NULL
    private static final byte[] RSA = {
        0x06, 0x09, 0x2a, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00
    };
    // 1.2.840.10045.2.1
    private static final byte[] EC = {0x06, 0x07, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 0x02, 0x01};

    private ClientKeys() {}

    /**
     * Key managers that present this certificate.
     *
     * @throws CredentialsException if it, or its key, cannot be read
     */
    static KeyManager[] of(byte[] certificatePem, byte[] keyPem) throws CredentialsException {
        try {
            PrivateKey key = key(new String(keyPem, StandardCharsets.US_ASCII));
            Certificate[] chain = CertificateFactory.getInstance("X.509")
                    .generateCertificates(new ByteArrayInputStream(certificatePem))
                    .toArray(Certificate[]::new);
            if (chain.length == 0) {
                throw new CredentialsException("client-certificate: no certificate in it (expected: PEM)", null);
            }
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            store.setKeyEntry("client", key, new char[0], chain);
            KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            factory.init(store, new char[0]);
            return factory.getKeyManagers();
        } catch (GeneralSecurityException unreadable) {
            throw new CredentialsException(
                    "client-certificate or client-key: cannot be read (expected: PEM): " + unreadable, unreadable);
        } catch (CredentialsException known) {
            throw known;
        } catch (IOException impossible) {
            throw new CredentialsException("client-certificate: " + impossible, impossible);
        }
    }

    private static PrivateKey key(String pem) throws GeneralSecurityException, CredentialsException {
        Matcher block = BLOCK.matcher(pem);
        if (!block.find()) {
            throw new CredentialsException("client-key: no private key in it (expected: PEM)", null);
        }
        byte[] content = Base64.getMimeDecoder().decode(block.group(2));
        byte[] pkcs8 = switch (block.group(1)) {
            case "PRIVATE KEY" -> content;
            case "RSA PRIVATE KEY" -> pkcs8(RSA, content);
            case "EC PRIVATE KEY" -> pkcs8(concat(EC, curveOf(content)), content);
            default ->
                throw new CredentialsException(
                        "client-key: a " + block.group(1) + " (expected: a PRIVATE KEY, RSA PRIVATE KEY or EC PRIVATE"
                                + " KEY that is not encrypted)",
                        null);
        };
        InvalidKeySpecException last = new InvalidKeySpecException("none");
        for (String algorithm : ALGORITHMS) {
            try {
                return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
            } catch (InvalidKeySpecException other) {
                last = other;
            }
        }
        throw last;
    }

    private static byte[] pkcs8(byte[] algorithm, byte[] key) {
        return der(SEQUENCE, concat(VERSION, concat(der(SEQUENCE, algorithm), der(OCTETS, key))));
    }

    /** The curve's object identifier, which SEC 1 has as an option and every tool writes. */
    private static byte[] curveOf(byte[] sec1) throws CredentialsException {
        try {
            int at = contentOf(sec1, 0);
            while (at < sec1.length) {
                int content = contentOf(sec1, at);
                int end = content + lengthAt(sec1, at);
                if ((sec1[at] & 0xff) == PARAMETERS) {
                    return java.util.Arrays.copyOfRange(sec1, content, end);
                }
                at = end;
            }
        } catch (ArrayIndexOutOfBoundsException truncated) {
            throw new CredentialsException("client-key: broken off (expected: an EC key in PEM)", truncated);
        }
        throw new CredentialsException("client-key: an EC key that names no curve (expected: a named curve)", null);
    }

    private static int contentOf(byte[] der, int at) {
        return at + 2 + ((der[at + 1] & 0x80) == 0 ? 0 : der[at + 1] & 0x7f);
    }

    private static int lengthAt(byte[] der, int at) {
        int first = der[at + 1] & 0xff;
        if (first < 0x80) {
            return first;
        }
        int length = 0;
        for (int i = 0; i < Math.min(3, first & 0x7f); i++) {
            length = (length << 8) | (der[at + 2 + i] & 0xff);
        }
        return length;
    }

    private static byte[] der(int tag, byte[] content) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(tag);
        if (content.length < 0x80) {
            out.write(content.length);
        } else {
            out.write(0x82);
            out.write(content.length >> 8);
            out.write(content.length);
        }
        out.writeBytes(content);
        return out.toByteArray();
    }

    private static byte[] concat(byte[] a, byte[] b) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(a);
        out.writeBytes(b);
        return out.toByteArray();
    }
}
