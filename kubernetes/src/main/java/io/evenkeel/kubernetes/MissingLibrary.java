package io.evenkeel.kubernetes;

import java.util.Map;

/** Libraries that only some configurations need, so that they are not brought along. */
final class MissingLibrary {

    // By the beginning of the classes' names, as they stand in a NoClassDefFoundError.
    private static final Map<String, String> ARTIFACTS = Map.of(
            "org/bouncycastle", "org.bouncycastle:bcpkix-jdk18on",
            "org/jose4j", "org.bitbucket.b_c:jose4j",
            "org/yaml/snakeyaml", "org.yaml:snakeyaml",
            "org/apache/commons/codec", "commons-codec:commons-codec",
            "org/apache/commons/io", "commons-io:commons-io",
            "org/apache/commons/compress", "org.apache.commons:commons-compress");

    private MissingLibrary() {}

    static String explain(LinkageError missing, String what) {
        String name = String.valueOf(missing.getMessage());
        for (Map.Entry<String, String> artifact : ARTIFACTS.entrySet()) {
            if (name.contains(artifact.getKey())
                    || name.contains(artifact.getKey().replace('/', '.'))) {
                return what + ": needs a library that is not on the class path (expected: add " + artifact.getValue()
                        + ")";
            }
        }
        return what + ": cannot be used, a class is missing: " + missing;
    }
}
