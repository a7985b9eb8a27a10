package io.evenkeel.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointCondition;
import io.evenkeel.endpoint.Target;
import io.evenkeel.it.ClusterWriter.Member;
import io.evenkeel.kubernetes.KubernetesEndpointSource;
import io.evenkeel.kubernetes.fake.FakeApiServer;
import io.evenkeel.kubernetes.fake.FakeApiServer.Speaks;
import io.evenkeel.source.EndpointSource;
import io.evenkeel.source.SourceContext;
import io.evenkeel.time.SystemScheduler;
import io.evenkeel.time.Ticker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.k3s.K3sContainer;
import org.testcontainers.utility.DockerImageName;

/**
 * The source against an API server that is written to: the fake one always; the one that {@code EVENKEEL_IT_KUBECONFIG} names,
 * if it names one (it may create and delete a namespace there); and K3s, where Docker can pull it and
 * {@code EVENKEEL_IT_K3S} is set to its image, such as {@code rancher/k3s:v1.35.3-k3s1}. No Pod ever runs.
 */
class ClusterIT {

    private static final Duration SOON = Duration.ofSeconds(30);

    @TempDir
    Path directory;

    @Test
    void against_the_fake_api_server() throws Exception {
        try (FakeApiServer server = FakeApiServer.start(Speaks.HTTP_2)) {
            follows(server.writeKubeconfig(directory, FakeApiServer.TOKEN));
        }
    }

    @Test
    void against_the_cluster_that_is_named() throws Exception {
        String kubeconfig = System.getenv("EVENKEEL_IT_KUBECONFIG");
        unlessSkipped(
                kubeconfig != null,
                "EVENKEEL_IT_KUBECONFIG: not set (expected: a kubeconfig, to test with its cluster)");
        follows(Path.of(kubeconfig));
    }

    @Test
    void against_k3s_in_a_container() throws Exception {
        String image = System.getenv("EVENKEEL_IT_K3S");
        unlessSkipped(image != null, "EVENKEEL_IT_K3S: not set (expected: an image of K3s that Docker here can pull)");
        unlessSkipped(DockerClientFactory.instance().isDockerAvailable(), "Docker: not available (expected: it runs)");
        try (K3sContainer k3s =
                new K3sContainer(DockerImageName.parse(image).asCompatibleSubstituteFor("rancher/k3s"))) {
            k3s.start();
            follows(Files.writeString(directory.resolve("k3s-kubeconfig"), k3s.getKubeConfigYaml()));
        }
    }

    private static void unlessSkipped(boolean possible, String reason) {
        if (!possible) {
            System.out.println("skipped: " + reason);
        }
        Assumptions.assumeTrue(possible, reason);
    }

    private static void follows(Path kubeconfig) throws IOException {
        String namespace = "evenkeel-it-" + UUID.randomUUID().toString().substring(0, 8);
        try (SystemScheduler scheduler = new SystemScheduler("cluster-it");
                ClusterWriter cluster = ClusterWriter.create(kubeconfig, namespace)) {
            List<EndpointSource.Report> reports = new CopyOnWriteArrayList<>();
            SourceContext context =
                    new SourceContext(Ticker.system(), scheduler, Runnable::run, new SplittableRandom(1));
            try (KubernetesEndpointSource source = KubernetesEndpointSource.builder(
                            Target.parse("k8s:///pg." + namespace + ":pg"))
                    .kubeconfig(kubeconfig)
                    .build(context)) {
                source.start(reports::add);
                step("nothing is there yet", reports, List.of());
                assertThat(last(reports)).isInstanceOf(EndpointSource.Missing.class);
                cluster.createService("pg", 5432);
                cluster.createPod("pg-0", "203.0.113.10");
                cluster.createPod("pg-1", "203.0.113.11");
                cluster.createPod("pg-2", "203.0.113.12");
                changes(cluster, reports);
            }
        }
        Leaks.awaitNoThreads();
    }

    private static void changes(ClusterWriter cluster, List<EndpointSource.Report> reports) throws IOException {
        Member pg0 = Member.ready("pg-0", "203.0.113.10");
        Member pg1 = Member.ready("pg-1", "203.0.113.11");
        Member pg2 = Member.ready("pg-2", "203.0.113.12");
        cluster.createSlice("pg-a", "pg", 5432, pg0, pg1);
        step("two Pods", reports, List.of("pg-0:5432 READY", "pg-1:5432 READY"));
        cluster.createSlice("pg-b", "pg", 5433, pg2);
        step(
                "a second slice, with another number for the port",
                reports,
                List.of("pg-0:5432 READY", "pg-1:5432 READY", "pg-2:5433 READY"));
        cluster.patchSlice("pg-a", Member.leaving("pg-0", "203.0.113.10"), pg1);
        step("a Pod that leaves", reports, List.of("pg-0:5432 TERMINATING", "pg-1:5432 READY", "pg-2:5433 READY"));
        cluster.patchSlice("pg-a", pg1);
        step("it is gone", reports, List.of("pg-1:5432 READY", "pg-2:5433 READY"));
        cluster.deleteSlice("pg-b");
        cluster.createSlice("pg-b", "pg", 5434, pg2);
        step("a slice made again under its name", reports, List.of("pg-1:5432 READY", "pg-2:5434 READY"));
        cluster.patchSlice("pg-a");
        cluster.patchSlice("pg-b");
        step("all slices empty", reports, List.of());
        assertThat(last(reports)).isInstanceOf(EndpointSource.Endpoints.class);
        cluster.patchSlice("pg-a", pg0);
        step("one Pod", reports, List.of("pg-0:5432 READY"));
        cluster.deleteSlice("pg-a");
        cluster.deleteSlice("pg-b");
        await("missing").atMost(SOON).until(() -> last(reports) instanceof EndpointSource.Missing);
    }

    private static void step(String what, List<EndpointSource.Report> reports, List<String> expected) {
        await(what).atMost(SOON).untilAsserted(() -> {
            assertThat(reports).as(what).isNotEmpty();
            assertThat(described(last(reports))).as(what).isEqualTo(expected);
        });
    }

    private static EndpointSource.Report last(List<EndpointSource.Report> reports) {
        return reports.get(reports.size() - 1);
    }

    private static List<String> described(EndpointSource.Report report) {
        if (report instanceof EndpointSource.Failed failed) {
            throw new AssertionError(failed.reason(), failed.cause());
        }
        return report instanceof EndpointSource.Endpoints endpoints
                ? endpoints.endpoints().stream()
                        .map(ClusterIT::described)
                        .sorted()
                        .toList()
                : List.of();
    }

    private static String described(Endpoint endpoint) {
        EndpointCondition condition = endpoint.condition();
        return endpoint.identity() + ":" + endpoint.port() + " " + condition;
    }
}
