package io.evenkeel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.management.MBeanAttributeInfo;
import javax.management.MBeanServer;
import javax.management.ObjectName;

/**
 * Runs a program that plants secrets, with every logger at TRACE, and looks for them in all that it prints. In a JVM of its
 * own, since a log's level is fixed when it starts. What is wanted of a program: it prints what an application can see,
 * a line of each kind with the kind's name, and at last {@link #ENDED}.
 */
public final class PlantedSecrets {

    /** The last line of a program. */
    public static final String ENDED = "the scenario ended";

    private PlantedSecrets() {}

    /**
     * @param kinds beginnings of lines of which there has to be one each, or there would be nothing to look at
     * @param options of the JVM
     */
    public static void assertNoneComesOut(
            Class<?> program, List<String> secrets, List<String> kinds, Path directory, String... options)
            throws IOException, InterruptedException {
        Path output = directory.resolve("output");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=trace",
                // Over a module's own test resources.
                "-Dorg.slf4j.simpleLogger.log.io.evenkeel=trace",
                "-cp",
                System.getProperty("java.class.path")));
        command.addAll(1, List.of(options));
        command.add(program.getName());
        command.add(directory.toString());
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        boolean ended = process.waitFor(60, TimeUnit.SECONDS);
        process.destroyForcibly();
        String seen = Files.readString(output);
        assertThat(ended).as("ended in time:%n%s", seen).isTrue();
        assertThat(seen).as("that there was something to look at").contains(ENDED, "DEBUG");
        assertThat(seen).contains(kinds);
        for (String secret : secrets) {
            assertThat(seen.lines().filter(line -> line.contains(secret)))
                    .as("lines with %s", secret)
                    .isEmpty();
        }
    }

    /** Prints every readable attribute of the beans whose name contains this text. */
    public static void printMBeans(PrintStream out, String part) throws Exception {
        MBeanServer beans = ManagementFactory.getPlatformMBeanServer();
        for (ObjectName name : beans.queryNames(null, null)) {
            if (!name.toString().contains(part)) {
                continue;
            }
            for (MBeanAttributeInfo attribute : beans.getMBeanInfo(name).getAttributes()) {
                if (attribute.isReadable()) {
                    Object value = beans.getAttribute(name, attribute.getName());
                    out.println("jmx: " + name + " " + attribute.getName() + "="
                            + (value instanceof Object[] many ? List.of(many) : value));
                }
            }
        }
    }
}
