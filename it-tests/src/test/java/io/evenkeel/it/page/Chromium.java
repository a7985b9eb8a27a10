package io.evenkeel.it.page;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.logging.Level;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.openqa.selenium.By;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;

/** Debian's Chromium without a screen, and what the tests need of it beyond Selenium's own interface. */
final class Chromium implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(40);

    private final ChromeDriver driver;

    private Chromium(ChromeDriver driver) {
        this.driver = driver;
    }

    /** Skips the test where there is no Chromium, with the reason printed; fails where it is required. */
    static Chromium start() {
        Path browser = program("chromium");
        Path service = program("chromedriver");
        ChromeOptions options = new ChromeOptions();
        options.setBinary(browser.toFile());
        List<String> arguments = new ArrayList<>(List.of(
                "--headless=new",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--force-device-scale-factor=1",
                "--hide-scrollbars"));
        if ("root".equals(System.getProperty("user.name"))) {
            // its sandbox needs a user of its own
            arguments.add("--no-sandbox");
        }
        options.addArguments(arguments);
        LoggingPreferences logs = new LoggingPreferences();
        logs.enable(LogType.PERFORMANCE, Level.ALL);
        logs.enable(LogType.BROWSER, Level.ALL);
        options.setCapability("goog:loggingPrefs", logs);
        ChromeDriverService driverService = new ChromeDriverService.Builder()
                .usingDriverExecutable(service.toFile())
                .build();
        Chromium chromium = new Chromium(new ChromeDriver(driverService, options));
        chromium.size(1280, 900);
        return chromium;
    }

    private static Path program(String name) {
        Optional<Path> found = Stream.of("/usr/bin", "/usr/local/bin")
                .map(place -> Path.of(place, name))
                .filter(Files::isExecutable)
                .findFirst();
        if (found.isEmpty()) {
            String reason = name + ": not installed (expected: Debian's packages chromium and chromium-driver)";
            if (Boolean.getBoolean("evenkeel.it.required")) {
                throw new IllegalStateException(reason);
            }
            System.out.println("skipped tests of the live page: " + reason);
            Assumptions.abort(reason);
        }
        return found.get();
    }

    ChromeDriver driver() {
        return driver;
    }

    /** Of the page, in CSS pixels; below 500 a phone's. Returns when the page was drawn in it. */
    void size(int width, int height) {
        driver.executeCdpCommand(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", width < 500));
        driver.executeAsyncScript(
                "const drawn = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(drawn))");
    }

    void theme(String scheme) {
        driver.executeCdpCommand(
                "Emulation.setEmulatedMedia",
                Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
    }

    /**
     * What is seen now, as a PNG file.
     *
     * @return the file's content in Base64
     */
    String screenshot(Path file) throws IOException {
        byte[] picture = driver.getScreenshotAs(OutputType.BYTES);
        Files.createDirectories(file.toAbsolutePath().getParent());
        Files.write(file, picture);
        return Base64.getEncoder().encodeToString(picture);
    }

    /** The button that is called so, by its label or its text. */
    WebElement button(String label) {
        return driver.findElement(
                By.xpath("//button[@aria-label='" + label + "' or normalize-space()='" + label + "']"));
    }

    /** Presses it as soon as it may be pressed. */
    void press(String label) {
        await().atMost(PATIENCE).until(() -> "false".equals(button(label).getAttribute("aria-disabled")));
        button(label).click();
    }

    Object script(String script, Object... arguments) {
        Object value = driver.executeScript(script, arguments);
        return value == null ? "" : value;
    }

    @Override
    public void close() {
        driver.quit();
    }
}
