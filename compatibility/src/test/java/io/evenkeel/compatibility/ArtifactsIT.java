package io.evenkeel.compatibility;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is installed: jars that say what they are, and a BOM that has them all. */
class ArtifactsIT {
    private static final Path INSTALLED =
            Path.of(System.getProperty("cells")).resolveSibling("repository").resolve("io/evenkeel");
    private static final Path ROOT = Path.of("").toAbsolutePath().getParent();
    private static final Pattern ARTIFACT = Pattern.compile("<artifactId>(evenkeel-[a-z0-9-]+)</artifactId>");

    static Stream<Path> jars() throws IOException {
        try (Stream<Path> files = Files.walk(INSTALLED)) {
            List<Path> jars = files.filter(file -> file.toString().endsWith(".jar"))
                    .filter(file -> !file.getFileName().toString().startsWith("evenkeel-compatibility"))
                    .filter(file -> !file.toString().endsWith("-tests.jar"))
                    .filter(file -> !file.toString().endsWith("-sources.jar"))
                    .filter(file -> !file.toString().endsWith("-javadoc.jar"))
                    .toList();
            assertThat(jars.stream()
                            .map(jar ->
                                    jar.getParent().getParent().getFileName().toString()))
                    .containsAll(published());
            return jars.stream();
        }
    }

    @ParameterizedTest
    @MethodSource("jars")
    void a_jar_says_what_it_is(Path jar) throws IOException {
        try (JarFile file = new JarFile(jar.toFile())) {
            assertThat(file.getEntry("META-INF/LICENSE")).as("licence").isNotNull();
            assertThat(file.getEntry("META-INF/NOTICE")).as("notice").isNotNull();
            Attributes manifest = file.getManifest().getMainAttributes();
            String module = manifest.getValue("Automatic-Module-Name");
            assertThat(module).startsWith("io.evenkeel");
            assertThat(manifest.getValue("Bundle-SymbolicName")).isEqualTo(module);
            assertThat(manifest.getValue("Implementation-Version")).isNotBlank();
            assertThat(manifest.getValue("Export-Package").split(";")[0]).startsWith("io.evenkeel");
            assertThat(file.stream().map(entry -> entry.getName()).filter(name -> name.endsWith(".class")))
                    .isNotEmpty()
                    .allMatch(name -> name.startsWith("io/evenkeel/"));
        }
    }

    @Test
    void the_bom_has_every_published_module_in_the_versions_of_the_parent() throws IOException {
        String parent = Files.readString(ROOT.resolve("pom.xml"));
        String bom = Files.readString(ROOT.resolve("bom/pom.xml"));
        Set<String> managed = new TreeSet<>();
        Matcher artifacts = ARTIFACT.matcher(bom.substring(bom.indexOf("<dependencyManagement>")));
        while (artifacts.find()) {
            managed.add(artifacts.group(1));
        }
        assertThat(managed).isEqualTo(published());
        assertThat(version(bom)).isEqualTo(version(parent));
    }

    /** Every module that is deployed, apart from the BOM, which has no jar. */
    private static Set<String> published() throws IOException {
        String parent = Files.readString(ROOT.resolve("pom.xml"));
        Set<String> published = new TreeSet<>();
        Matcher modules = Pattern.compile("<module>([a-z0-9-]+)</module>").matcher(parent);
        while (modules.find()) {
            String pom = Files.readString(ROOT.resolve(modules.group(1)).resolve("pom.xml"));
            if (!pom.contains("<maven.deploy.skip>true") && !modules.group(1).equals("bom")) {
                published.add("evenkeel-" + modules.group(1));
            }
        }
        return published;
    }

    private static String version(String pom) {
        Matcher version = Pattern.compile("<version>([^<]+)</version>").matcher(pom);
        assertThat(version.find()).isTrue();
        return version.group(1);
    }
}
