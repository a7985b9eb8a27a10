package io.evenkeel.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class LauncherTest {

    @Test
    void the_class_path_is_that_of_the_loader_of_the_build_tool() throws Exception {
        Path library = Path.of("library one.jar").toAbsolutePath();
        Path classes = Path.of("classes").toAbsolutePath();
        URL[] urls = {library.toUri().toURL(), classes.toUri().toURL()};
        try (URLClassLoader loader = new URLClassLoader(urls, null)) {
            assertThat(Launcher.classPath(loader)).isEqualTo(library + File.pathSeparator + classes);
        }
    }

    @Test
    void the_exit_status_is_the_demonstrations() throws Exception {
        assertThat(exitStatus("--opera")).isEqualTo(2);
    }

    private static int exitStatus(String argument) throws IOException, InterruptedException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Launcher.class.getName(),
                        argument)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start()
                .waitFor();
    }
}
