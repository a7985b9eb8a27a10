package io.evenkeel.demo.page;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.util.List;
import java.util.Locale;

/** The user's own browser, where there is a desktop to open it on. */
final class Browser {
    private Browser() {}

    /** Asks the desktop to show the address; without one nothing happens, since the address was printed. */
    static void open(String address) {
        List<String> command;
        if (System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("mac")) {
            command = List.of("open", address);
        } else if (System.getenv("DISPLAY") != null || System.getenv("WAYLAND_DISPLAY") != null) {
            command = List.of("xdg-open", address);
        } else {
            return;
        }
        try {
            new ProcessBuilder(command)
                    .redirectOutput(Redirect.DISCARD)
                    .redirectError(Redirect.DISCARD)
                    .start();
        } catch (IOException noSuchProgram) {
            System.err.println("no browser opened: " + noSuchProgram.getMessage());
        }
    }
}
