package io.evenkeel.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.demo.ActUnavailableException;
import io.evenkeel.demo.kubernetes.KubernetesAct;
import io.evenkeel.kubernetes.fake.FakeApiServer;
import io.evenkeel.kubernetes.fake.FakeApiServer.Speaks;
import io.evenkeel.kubernetes.fake.Recording;
import io.evenkeel.kubernetes.fake.Slice;
import io.evenkeel.kubernetes.fake.SliceEndpoint;
import io.evenkeel.kubernetes.fake.Verb;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the table says of Services of the fake API server. */
@Timeout(60)
class KubernetesActIT {

    @TempDir
    Path directory;

    private FakeApiServer server;

    @BeforeEach
    void start() throws IOException {
        server = FakeApiServer.start(Speaks.HTTP_2);
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    private List<String> arguments(String... more) throws IOException {
        Path kubeconfig = server.writeKubeconfig(directory, FakeApiServer.TOKEN);
        List<String> arguments = new ArrayList<>(List.of("--kubeconfig", kubeconfig.toString(), "--client-id", "c"));
        arguments.addAll(List.of(more));
        return arguments;
    }

    private String play(boolean expected, String... more) throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
        assertThat(new KubernetesAct().play(arguments(more), out)).isEqualTo(expected);
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void it_shows_every_pod_of_a_service_as_a_real_api_server_describes_it() throws Exception {
        server.restore(Recording.text("pg-1-list.json"));

        String text = play(true, "pg.default:pg", "--seats", "9", "--once");

        assertThat(text.lines().toList())
                .anySatisfy(line -> assertThat(line).contains("HEALTHY, 3 endpoints, 3 of them ready, in 1 slices; 9"))
                .anySatisfy(line -> assertThat(line)
                        .matches("pg-f7f65f4b6-g8f6f +198.51.100.11 +5432 +zone-0 +node-0 +ready,serving +pg-rk88v"
                                + " +READY +3"));
        assertThat(server.requests()).extracting(request -> request.verb()).isSubsetOf(Verb.LIST, Verb.WATCH);
    }

    @Test
    void a_port_can_differ_from_slice_to_slice() throws Exception {
        server.restore(Recording.text("big-1-list-230-pods.json"));

        String text = play(true, "big.default:amqp", "--seats", "230", "--once");

        assertThat(text.lines().filter(line -> line.matches(".* 5672 .*READY +1")))
                .hasSize(200);
        assertThat(text.lines().filter(line -> line.matches(".* 5673 .*READY +1")))
                .hasSize(30);
    }

    @Test
    void it_shows_the_table_once_and_then_only_what_changes_until_it_is_interrupted() throws Exception {
        server.put(Slice.of("pg-a", "pg").port("pg", 5432).ready("pg-0", "10.0.0.1"));
        server.put(Slice.of("pg-b", "pg").port("pg", 5432).endpoints(SliceEndpoint.notReady("pg-9", "10.0.0.9")));
        LinkedBlockingQueue<String> printed = new LinkedBlockingQueue<>();
        PrintStream out = new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8) {
            @Override
            public void println(String line) {
                printed.add(line);
            }
        };
        List<String> arguments = arguments("pg.default");
        Thread act = new Thread(
                () -> {
                    try {
                        new KubernetesAct().play(arguments, out);
                    } catch (InterruptedException e) {
                        printed.add("interrupted");
                    } catch (ActUnavailableException e) {
                        throw new AssertionError(e);
                    }
                },
                "act-under-test");
        act.start();
        awaitLine(printed, "pg-9 +10.0.0.9 .* NOT_READY +0");
        assertThat(awaitLine(printed, ".*Ctrl-C ends this\\."))
                .as("nothing between the table and the line that says how to end it")
                .isEmpty();
        server.put(Slice.of("pg-a", "pg")
                .port("pg", 5432)
                .ready("pg-1", "10.0.0.2")
                .endpoints(SliceEndpoint.terminating("pg-0", "10.0.0.1")));
        assertThat(awaitLine(printed, "\\+ pg-0 +10.0.0.1 .*serving,terminating .* TERMINATING +0"))
                .as("a Pod that did not change is not shown again")
                .noneMatch(line -> line.contains("pg-9"));
        act.interrupt();
        awaitLine(printed, "interrupted");
        act.join();
    }

    /** Returns what was printed before it. */
    private static List<String> awaitLine(LinkedBlockingQueue<String> printed, String pattern)
            throws InterruptedException {
        List<String> seen = new ArrayList<>();
        String line = printed.poll(30, TimeUnit.SECONDS);
        while (line != null && !line.matches(pattern)) {
            seen.add(line);
            line = printed.poll(30, TimeUnit.SECONDS);
        }
        assertThat(line).as("a line like %s among %s", pattern, seen).isNotNull();
        return seen;
    }

    @Test
    void without_rights_it_prints_the_role_to_apply() throws Exception {
        server.forbid(Verb.LIST);
        assertThat(play(false, "pg.default", "--once"))
                .contains("kind: RoleBinding")
                .contains("UNKNOWN");
    }

    @Test
    void a_service_that_is_not_there_is_said_to_be_missing() throws Exception {
        assertThat(play(false, "pg.default", "--once"))
                .contains("Service pg has no EndpointSlice in namespace default");
    }
}
