package io.evenkeel.compatibility;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.xpath.XPath;
import javax.xml.xpath.XPathFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;

/** The poms have what Maven Central demands, and a release has it without placeholders. */
class PublishingTest {
    /** What a module has of its own, since its parent's would be wrong for it. */
    private static final List<String> OF_EACH = List.of("/project/name", "/project/description");

    /** What modules inherit. */
    private static final List<String> OF_ALL = List.of(
            "/project/url",
            "/project/licenses/license/name",
            "/project/licenses/license/url",
            "/project/developers/developer/name",
            "/project/scm/connection",
            "/project/scm/developerConnection",
            "/project/scm/url");

    @Test
    void each_published_pom_has_or_inherits_what_maven_central_demands() throws Exception {
        for (Path pom : poms()) {
            String text = Files.readString(pom);
            if (text.contains("<maven.deploy.skip>true")) {
                continue;
            }
            List<String> demanded = new ArrayList<>(OF_EACH);
            if (!text.contains("<parent>")) {
                demanded.addAll(OF_ALL);
            }
            for (String element : demanded) {
                assertThat(value(pom, element)).as("%s in %s", element, pom).isNotBlank();
            }
        }
    }

    /** The BOM has no parent to inherit them from. */
    @Test
    void the_bom_says_the_same_as_the_parent() throws Exception {
        for (String element : OF_ALL) {
            assertThat(value(Documentation.ROOT.resolve("bom/pom.xml"), element))
                    .as(element)
                    .isEqualTo(value(Documentation.ROOT.resolve("pom.xml"), element));
        }
    }

    @Test
    void a_version_that_is_to_be_published_has_no_placeholder_left() throws Exception {
        for (Path pom : poms()) {
            String text = Files.readString(pom);
            Matcher version = Pattern.compile("<version>([^<]+)</version>").matcher(text);
            assertThat(version.find()).isTrue();
            if (!version.group(1).endsWith("-SNAPSHOT")) {
                assertThat(text)
                        .as("%s of version %s (CONTRIBUTING.md, Releases)", pom, version.group(1))
                        .doesNotContain("placeholder");
            }
        }
    }

    private static List<Path> poms() throws IOException {
        Path parent = Documentation.ROOT.resolve("pom.xml");
        List<Path> poms = new ArrayList<>(List.of(parent));
        Matcher modules = Pattern.compile("<module>([a-z0-9-]+)</module>").matcher(Files.readString(parent));
        while (modules.find()) {
            poms.add(Documentation.ROOT.resolve(modules.group(1)).resolve("pom.xml"));
        }
        assertThat(poms).hasSizeGreaterThan(10);
        return poms;
    }

    private static String value(Path pom, String path) throws Exception {
        Document parsed =
                DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(pom.toFile());
        XPath xpath = XPathFactory.newInstance().newXPath();
        return xpath.evaluate(path, parsed).strip();
    }
}
