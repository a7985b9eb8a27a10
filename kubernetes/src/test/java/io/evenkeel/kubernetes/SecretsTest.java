package io.evenkeel.kubernetes;

import static io.evenkeel.kubernetes.SourceBed.slice;

import io.evenkeel.PlantedSecrets;
import io.evenkeel.endpoint.Target;
import io.evenkeel.kubernetes.fake.FakeApiServer;
import io.evenkeel.kubernetes.fake.FakeApiServer.Speaks;
import io.evenkeel.source.SourceContext;
import io.evenkeel.time.SystemScheduler;
import io.evenkeel.time.Ticker;
import io.evenkeel.watch.EndpointWatchers;
import io.evenkeel.watch.Subscription;
import io.evenkeel.watch.WatchSnapshot;
import io.evenkeel.watch.WatcherConfig;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Plants tokens and passwords in a kubeconfig: listing, watching, a refusal and a wrong file show none of them. */
@Timeout(120)
class SecretsTest {

    private static final List<String> SECRETS =
            List.of("SECRET-token", "SECRET-refused", "SECRET-password", "SECRET-user-info", "SECRET-no-key");

    @Test
    void no_token_comes_out(@TempDir Path directory) throws Exception {
        PlantedSecrets.assertNoneComesOut(
                Scenario.class, SECRETS, List.of("works: ", "changed: ", "refused: ", "wrong: "), directory);
    }

    /** What a process does with an API server that works, that refuses, and that its file describes wrongly. */
    static final class Scenario {
        private static final PrintStream OUT = System.out;
        private static final Target TARGET = Target.parse("k8s:///pg.default:5432");

        private Scenario() {}

        public static void main(String[] arguments) throws Exception {
            Path directory = Path.of(arguments[0]);
            try (FakeApiServer server = FakeApiServer.start(Speaks.HTTP_1_1);
                    SystemScheduler scheduler = new SystemScheduler("evenkeel-watch")) {
                server.rotateToken("SECRET-token");
                server.put(slice("pg-a", "pg-0"));
                SourceContext context = new SourceContext(
                        Ticker.system(), scheduler, work -> new Thread(work).start(), new SplittableRandom(1));
                Path good = server.writeKubeconfig(directory, "SECRET-token");
                watch(context, good, "works: ", snapshot -> snapshot.endpoints().size() == 1, () -> {
                    server.put(slice("pg-a", "pg-0", "pg-1"));
                });
                String text = Files.readString(good);
                watch(context, server.writeKubeconfig(directory, "SECRET-refused"), "refused: ", failed(), () -> {});
                for (String wrong : List.of(
                        text.replace("token: SECRET-token", "password: SECRET-password"),
                        text.replace("token: SECRET-token", "username: ann\n    password: SECRET-password"),
                        text.replace("https://", "https://ann:SECRET-user-info@"),
                        text.replace("token: SECRET-token", "client-key-data: SECRET-no-key"),
                        text.replace("token: SECRET-token", "{token: SECRET-token"))) {
                    Path file = Files.writeString(directory.resolve("wrong"), wrong);
                    watch(context, file, "wrong: ", snapshot -> failed().test(snapshot) || isThere(snapshot), () -> {});
                }
            }
            OUT.println(PlantedSecrets.ENDED);
            System.exit(0);
        }

        private static Predicate<WatchSnapshot> failed() {
            return snapshot -> !snapshot.reason().contains("yet");
        }

        private static boolean isThere(WatchSnapshot snapshot) {
            return !snapshot.endpoints().isEmpty();
        }

        private static void watch(
                SourceContext context, Path file, String kind, Predicate<WatchSnapshot> enough, Runnable then)
                throws InterruptedException {
            CountDownLatch seen = new CountDownLatch(1);
            CountDownLatch changed = new CountDownLatch(1);
            KubernetesEndpointSource source = KubernetesEndpointSource.builder(TARGET)
                    .kubeconfig(file)
                    .listTimeout(Duration.ofSeconds(5))
                    .build(context);
            EndpointWatchers watchers = new EndpointWatchers(context, (target, given) -> source);
            Subscription subscription = watchers.subscribe(
                    TARGET, WatcherConfig.builder().settle(Duration.ZERO).build(), snapshot -> {
                        OUT.println(kind + snapshot);
                        if (enough.test(snapshot)) {
                            seen.countDown();
                        }
                        if (snapshot.endpoints().size() == 2) {
                            OUT.println("changed: " + snapshot);
                            changed.countDown();
                        }
                    });
            if (!seen.await(60, TimeUnit.SECONDS)) {
                throw new AssertionError("not seen: " + subscription.current());
            }
            then.run();
            if (kind.equals("works: ") && !changed.await(60, TimeUnit.SECONDS)) {
                throw new AssertionError("not changed: " + subscription.current());
            }
            OUT.println(kind + source + " " + source.trouble() + " " + source.slices());
            subscription.close();
        }
    }
}
