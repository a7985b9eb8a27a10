package io.evenkeel.demo;

import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Starts {@link Demo} in a JVM of its own, with the class path that this class was loaded from, and ends this JVM with
 * the demonstration's exit status. Inside Maven's JVM the demonstration can't run: the embedded broker looks up its URL
 * handlers by the system class loader, which there knows Maven alone.
 */
public final class Launcher {
    private static final int NOT_RUN = 2;

    private Launcher() {}

    /**
     * Runs the demonstration to its end. The terminal is handed on, so that its table is drawn in place.
     *
     * @param arguments those of {@link Demo#main}
     */
    public static void main(String[] arguments) throws IOException {
        Process demonstration =
                new ProcessBuilder(command(List.of(arguments))).inheritIO().start();
        // A signal to Maven alone ends the demonstration, and its servers, too.
        Thread hook = new Thread(() -> end(demonstration), "evenkeel-demo-launcher");
        Runtime.getRuntime().addShutdownHook(hook);
        System.exit(await(demonstration));
    }

    private static List<String> command(List<String> arguments) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                classPath(Launcher.class.getClassLoader()),
                Child.class.getName()));
        command.addAll(arguments);
        return command;
    }

    /** Of Maven's loader for the demonstration, else of this JVM. */
    static String classPath(ClassLoader of) {
        if (of instanceof URLClassLoader loader) {
            return Arrays.stream(loader.getURLs()).map(Launcher::path).collect(Collectors.joining(File.pathSeparator));
        }
        return System.getProperty("java.class.path");
    }

    private static String path(URL url) {
        return new File(URI.create(url.toString())).getPath();
    }

    private static int await(Process demonstration) {
        try {
            return demonstration.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return NOT_RUN;
        }
    }

    private static void end(Process demonstration) {
        demonstration.destroy();
        await(demonstration);
    }

    /** What the new JVM runs: the demonstration, for as long as the JVM that started it is there to read its status. */
    static final class Child {
        private Child() {}

        public static void main(String[] arguments) {
            ProcessHandle.current().parent().ifPresent(parent -> parent.onExit().thenRun(() -> System.exit(NOT_RUN)));
            Demo.main(arguments);
        }
    }
}
