package io.evenkeel.demo.page;

import io.evenkeel.demo.Act;
import io.evenkeel.demo.ActUnavailableException;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * Serves the live page until the process is ended, and opens it in the browser where there is a desktop.
 * {@code --port N} takes that port, {@code --no-browser} opens none.
 */
public final class PageAct implements Act {
    private final Map<String, Opening> exhibits;

    /** @param exhibits by the name of their tab */
    public PageAct(Map<String, Opening> exhibits) {
        this.exhibits = new LinkedHashMap<>(exhibits);
    }

    @Override
    public boolean play(List<String> arguments, PrintStream out) throws ActUnavailableException, InterruptedException {
        Choice choice = Choice.of(arguments);
        PageServer server = serve(choice.port());
        Thread hook = new Thread(server::close, "demo-page-shutdown");
        Runtime.getRuntime().addShutdownHook(hook);
        out.println("The page is at " + server.address() + " (Ctrl+C ends it)");
        if (choice.browser()) {
            Browser.open(server.address());
        }
        // until a signal ends the process
        new CountDownLatch(1).await();
        return true;
    }

    /** The page's server alone. */
    public PageServer serve(int port) throws ActUnavailableException {
        try {
            return PageServer.start(port, exhibits);
        } catch (IOException taken) {
            throw new ActUnavailableException(
                    "port: " + port + " (expected: free on 127.0.0.1; --port 0 takes any): " + taken.getMessage(),
                    taken);
        }
    }

    private record Choice(int port, boolean browser) {
        static Choice of(List<String> arguments) throws ActUnavailableException {
            Deque<String> left = new ArrayDeque<>(arguments);
            int port = 0;
            boolean browser = true;
            while (!left.isEmpty()) {
                String argument = left.removeFirst();
                switch (argument) {
                    case "--no-browser" -> browser = false;
                    case "--port" -> port = port(left.pollFirst());
                    default ->
                        throw new ActUnavailableException(
                                "argument: " + argument + " (expected: --port N or --no-browser)");
                }
            }
            return new Choice(port, browser);
        }

        private static int port(@Nullable String text) throws ActUnavailableException {
            if (text != null && text.matches("\\d{1,5}") && Integer.parseInt(text) <= 65_535) {
                return Integer.parseInt(text);
            }
            throw new ActUnavailableException("--port: " + text + " (expected: 0 to 65535)");
        }
    }
}
