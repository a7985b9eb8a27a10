package io.evenkeel.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.annotations.SerializedName;
import io.evenkeel.endpoint.Target;
import io.evenkeel.kubernetes.fake.FakeApiServer.Speaks;
import io.evenkeel.kubernetes.fake.Verb;
import io.kubernetes.client.openapi.models.V1Deployment;
import io.kubernetes.client.openapi.models.V1Namespace;
import io.kubernetes.client.openapi.models.V1Role;
import io.kubernetes.client.openapi.models.V1RoleBinding;
import io.kubernetes.client.openapi.models.V1Service;
import io.kubernetes.client.openapi.models.V1ServiceAccount;
import io.kubernetes.client.openapi.models.V1StatefulSet;
import java.io.IOException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.Yaml;

/** The manifests under {@code deploy}: that they are what they say, and agree with each other and with the messages. */
@Timeout(60)
class DeployTest {

    private static final Path DEPLOY = Path.of("..", "deploy").toAbsolutePath().normalize();

    private static List<Map<String, Object>> documents(String text) {
        List<Map<String, Object>> documents = new ArrayList<>();
        for (Object document : new Yaml().loadAll(text)) {
            documents.add(map(document));
        }
        return documents;
    }

    private static List<Map<String, Object>> file(String path) throws IOException {
        return documents(Files.readString(DEPLOY.resolve(path)));
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> map(Object value) {
        return (Map<String, Object>) value;
    }

    private static Object at(Object value, Object... path) {
        Object here = value;
        for (Object step : path) {
            here = step instanceof Integer index
                    ? ((List<?>) here).get(index)
                    : map(here).get(step);
            assertThat(here).as("%s of %s in %s", step, List.of(path), value).isNotNull();
        }
        return here;
    }

    private static Map<String, Object> kind(List<Map<String, Object>> documents, String kind) {
        return documents.stream()
                .filter(document -> kind.equals(document.get("kind")))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no " + kind + " among " + documents));
    }

    @Test
    void the_role_allows_to_list_and_watch_endpoint_slices_and_nothing_else() throws IOException {
        List<Map<String, Object>> rbac = file("rbac/role.yaml");
        assertThat(rbac).extracting(document -> document.get("kind")).containsExactly("Role", "RoleBinding");
        assertThat(at(kind(rbac, "Role"), "rules"))
                .isEqualTo(List.of(Map.of(
                        "apiGroups", List.of("discovery.k8s.io"),
                        "resources", List.of("endpointslices"),
                        "verbs", List.of("list", "watch"))));
        assertThat(at(kind(rbac, "RoleBinding"), "roleRef", "name"))
                .isEqualTo(at(kind(rbac, "Role"), "metadata", "name"));
    }

    @Test
    void a_refusal_prints_the_same_role() throws Exception {
        try (SourceBed bed = new SourceBed(Speaks.HTTP_2)) {
            bed.server.forbid(Verb.LIST);
            bed.start();
            bed.pass(
                    java.time.Duration.ofSeconds(31),
                    "a refusal that lasts",
                    () -> bed.complaint().contains("RoleBinding"));
            String complaint = bed.complaint();
            assertThat(documents(complaint.substring(complaint.indexOf("apiVersion:"))))
                    .isEqualTo(file("rbac/role.yaml"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"sample", "grpc"})
    void a_sample_lists_every_file_that_is_there(String sample) throws IOException {
        List<Object> resources = new ArrayList<>(
                (List<?>) at(file(sample + "/kustomization.yaml").get(0), "resources"));
        assertThat(resources).contains("../rbac");
        assertThat(at(file("rbac/kustomization.yaml").get(0), "resources")).isEqualTo(List.of("role.yaml"));
        try (Stream<Path> files = Files.list(DEPLOY.resolve(sample))) {
            assertThat(files.map(file -> file.getFileName().toString())
                            .filter(name -> name.endsWith(".yaml") && !name.equals("kustomization.yaml")))
                    .allSatisfy(name -> assertThat(resources).contains(name));
        }
        for (Object resource : resources) {
            assertThat(DEPLOY.resolve(sample).resolve(resource.toString())).exists();
        }
    }

    @Test
    void the_sample_s_names_selectors_ports_and_accounts_agree() throws IOException {
        List<Map<String, Object>> servers = file("sample/postgres.yaml");
        Map<String, Object> service = kind(servers, "Service");
        Map<String, Object> stateful = kind(servers, "StatefulSet");
        Map<String, Object> client = kind(file("sample/client.yaml"), "Deployment");
        Object server = at(stateful, "spec", "template", "spec", "containers", 0);

        assertThat(at(service, "spec", "clusterIP")).isEqualTo("None");
        assertThat(at(stateful, "spec", "serviceName")).isEqualTo(at(service, "metadata", "name"));
        assertThat(at(stateful, "spec", "template", "metadata", "labels")).isEqualTo(at(service, "spec", "selector"));
        assertThat(at(stateful, "spec", "selector", "matchLabels")).isEqualTo(at(service, "spec", "selector"));
        assertThat(at(client, "spec", "selector", "matchLabels"))
                .isEqualTo(at(client, "spec", "template", "metadata", "labels"))
                .isNotEqualTo(at(service, "spec", "selector"));
        assertThat(at(service, "spec", "ports", 0, "targetPort")).isEqualTo(at(server, "ports", 0, "name"));
        assertThat(at(server, "ports", 0, "containerPort")).isEqualTo(5432);

        KubernetesTarget target = KubernetesTarget.of(Target.parse(variable(client, "TARGET")));
        assertThat(target.service()).isEqualTo(at(service, "metadata", "name"));
        assertThat(target.port()).isEqualTo(at(service, "spec", "ports", 0, "name"));
        assertThat(variable(client, "JDBC_URL")).startsWith("jdbc:postgresql://" + target.service() + ":5432/");

        Object account = at(file("sample/service-account.yaml").get(0), "metadata", "name");
        assertThat(at(client, "spec", "template", "spec", "serviceAccountName")).isEqualTo(account);
        assertThat(at(kind(file("rbac/role.yaml"), "RoleBinding"), "subjects", 0, "name"))
                .isEqualTo(account);
    }

    @Test
    void the_sample_s_client_knows_where_it_runs_and_its_servers_outlive_the_drain() throws IOException {
        Object client = at(kind(file("sample/client.yaml"), "Deployment"), "spec", "template", "spec", "containers", 0);
        assertThat((List<?>) at(client, "env"))
                .anySatisfy(entry -> assertThat(at(entry, "valueFrom", "fieldRef", "fieldPath"))
                        .isEqualTo("spec.nodeName"));
        Object pod = at(kind(file("sample/postgres.yaml"), "StatefulSet"), "spec", "template", "spec");
        List<?> preStop = (List<?>) at(pod, "containers", 0, "lifecycle", "preStop", "exec", "command");
        int serving = Integer.parseInt(preStop.get(1).toString());
        // 1 s to settle and 25 s to drain, and PostgreSQL's own end after that
        assertThat(serving).isGreaterThanOrEqualTo(26);
        assertThat((Integer) at(pod, "terminationGracePeriodSeconds")).isGreaterThan(serving);
    }

    @Test
    void the_names_selectors_ports_and_accounts_of_the_sample_for_grpc_agree() throws IOException {
        List<Map<String, Object>> servers = file("grpc/server.yaml");
        Map<String, Object> service = kind(servers, "Service");
        Map<String, Object> deployed = kind(servers, "Deployment");
        Map<String, Object> client = kind(file("grpc/client.yaml"), "Deployment");
        Object server = at(deployed, "spec", "template", "spec", "containers", 0);

        assertThat(at(deployed, "spec", "template", "metadata", "labels")).isEqualTo(at(service, "spec", "selector"));
        assertThat(at(deployed, "spec", "selector", "matchLabels")).isEqualTo(at(service, "spec", "selector"));
        assertThat(at(client, "spec", "selector", "matchLabels"))
                .isEqualTo(at(client, "spec", "template", "metadata", "labels"))
                .isNotEqualTo(at(service, "spec", "selector"));
        assertThat(at(service, "spec", "ports", 0, "targetPort")).isEqualTo(at(server, "ports", 0, "name"));
        assertThat(at(server, "ports", 0, "containerPort"))
                .isEqualTo(at(server, "readinessProbe", "grpc", "port"))
                .isEqualTo(at(service, "spec", "ports", 0, "port"));

        String name = at(service, "metadata", "name").toString();
        String channel = "SPRING_GRPC_CLIENT_CHANNEL_" + name.toUpperCase(Locale.ROOT);
        KubernetesTarget target = KubernetesTarget.of(Target.parse(variable(client, channel + "_TARGET")));
        assertThat(target.service()).isEqualTo(name);
        assertThat(target.port()).isEqualTo(at(service, "spec", "ports", 0, "name"));
        assertThat(variable(client, channel + "_DEFAULT_LOADBALANCINGPOLICY")).isEqualTo("evenkeel");

        Object account = at(file("grpc/service-account.yaml").get(0), "metadata", "name");
        assertThat(at(client, "spec", "template", "spec", "serviceAccountName")).isEqualTo(account);
        assertThat(at(kind(file("rbac/role.yaml"), "RoleBinding"), "subjects", 0, "name"))
                .isEqualTo(account);
        List<?> images = (List<?>) at(file("grpc/kustomization.yaml").get(0), "images");
        Object application = at(client, "spec", "template", "spec", "containers", 0, "image");
        assertThat(images.stream().map(image -> at(image, "name")).toList())
                .isEqualTo(List.of(at(server, "image"), application));
    }

    @Test
    void a_server_of_the_sample_for_grpc_serves_until_its_clients_have_drained() throws IOException {
        Object pod = at(kind(file("grpc/server.yaml"), "Deployment"), "spec", "template", "spec");
        int serving = (Integer) at(pod, "containers", 0, "lifecycle", "preStop", "sleep", "seconds");
        // 1 s to settle and 25 s to drain, and then the 20 s that the server takes at most
        assertThat(serving).isGreaterThanOrEqualTo(26);
        assertThat((Integer) at(pod, "terminationGracePeriodSeconds")).isGreaterThan(serving + 20);
    }

    /** The models of client-java are generated from the API's own description. */
    private static final Map<String, Class<?>> KINDS = Map.of(
            "Role", V1Role.class,
            "RoleBinding", V1RoleBinding.class,
            "Namespace", V1Namespace.class,
            "ServiceAccount", V1ServiceAccount.class,
            "Service", V1Service.class,
            "StatefulSet", V1StatefulSet.class,
            "Deployment", V1Deployment.class);

    // Beside them are rules and dashboards of other programs.
    private static final Set<String> MANIFESTS = Set.of("rbac", "sample", "grpc");

    private static Stream<Path> manifests() throws IOException {
        try (Stream<Path> files = Files.walk(DEPLOY)) {
            return files
                    .filter(file -> file.toString().endsWith(".yaml")
                            && MANIFESTS.contains(file.getParent().getFileName().toString())
                            && !file.endsWith("kustomization.yaml"))
                    .sorted()
                    .toList()
                    .stream();
        }
    }

    @ParameterizedTest
    @MethodSource("manifests")
    void every_kind_and_every_field_of_a_manifest_is_one_of_the_api(Path manifest) throws Exception {
        for (Map<String, Object> document : documents(Files.readString(manifest))) {
            assertThat(document.get("kind")).isIn(KINDS.keySet());
            assertKnown(manifest.getFileName().toString(), document, KINDS.get(document.get("kind")));
        }
    }

    private static void assertKnown(String where, Map<String, Object> object, Class<?> model) throws Exception {
        Set<?> fields = (Set<?>) model.getField("openapiFields").get(null);
        for (Map.Entry<String, Object> entry : object.entrySet()) {
            String path = where + "." + entry.getKey();
            assertThat(fields.contains(entry.getKey())).as("known: " + path).isTrue();
            Type type = Stream.of(model.getDeclaredFields())
                    .filter(field -> field.isAnnotationPresent(SerializedName.class)
                            && field.getAnnotation(SerializedName.class).value().equals(entry.getKey()))
                    .findFirst()
                    .orElseThrow()
                    .getGenericType();
            boolean list = type instanceof ParameterizedType several && several.getRawType() == List.class;
            Type element = list ? ((ParameterizedType) type).getActualTypeArguments()[0] : type;
            assertThat(entry.getValue() instanceof List).as("a list: " + path).isEqualTo(list);
            if (element instanceof Class<?> known && known.getSimpleName().startsWith("V1")) {
                for (Object value : list ? (List<?>) entry.getValue() : List.of(entry.getValue())) {
                    assertKnown(path, map(value), known);
                }
            }
        }
    }

    @Test
    void every_pod_of_a_sample_keeps_to_the_restricted_pod_security_standard() throws IOException {
        for (String sample : List.of("sample", "grpc")) {
            Object labels = at(file(sample + "/namespace.yaml").get(0), "metadata", "labels");
            assertThat(at(labels, "pod-security.kubernetes.io/enforce")).isEqualTo("restricted");
        }
        int pods = 0;
        for (Path manifest : manifests().toList()) {
            for (Map<String, Object> document : documents(Files.readString(manifest))) {
                if (document.containsKey("spec") && map(document.get("spec")).containsKey("template")) {
                    assertRestricted(at(document, "spec", "template", "spec"));
                    pods++;
                }
            }
        }
        assertThat(pods).isEqualTo(4);
    }

    private static void assertRestricted(Object pod) {
        assertThat(at(pod, "securityContext", "runAsNonRoot")).isEqualTo(true);
        assertThat(at(pod, "securityContext", "seccompProfile", "type")).isEqualTo("RuntimeDefault");
        assertThat(map(pod)).doesNotContainKeys("hostNetwork", "hostPID", "hostIPC");
        for (Object container : (List<?>) at(pod, "containers")) {
            assertThat(at(container, "securityContext", "allowPrivilegeEscalation"))
                    .isEqualTo(false);
            assertThat(at(container, "securityContext", "capabilities", "drop")).isEqualTo(List.of("ALL"));
            assertThat(map(at(container, "securityContext"))).doesNotContainKey("privileged");
        }
        for (Object volume : (List<?>) at(pod, "volumes")) {
            assertThat(map(volume).keySet()).isSubsetOf("name", "emptyDir", "configMap", "secret", "projected");
        }
    }

    @Test
    void the_image_is_built_without_what_was_built_before_and_with_one_platform_s_natives() throws IOException {
        assertThat(Files.readAllLines(DEPLOY.resolve("../.dockerignore"))).contains("**/target", ".git");
        assertThat(Files.readString(DEPLOY.resolve("sample/client.Dockerfile")))
                .contains("TARGETARCH", "-name '*-windows-*.jar'", "-delete")
                .contains("USER 10001");
        Object client = at(kind(file("sample/client.yaml"), "Deployment"), "spec", "template", "spec");
        assertThat((Integer) at(client, "terminationGracePeriodSeconds")).isGreaterThan(10);
    }

    private static String variable(Map<String, Object> deployment, String name) {
        List<?> variables = (List<?>) at(deployment, "spec", "template", "spec", "containers", 0, "env");
        return variables.stream()
                .filter(entry -> name.equals(map(entry).get("name")))
                .map(entry -> map(entry).get("value").toString())
                .findFirst()
                .orElseThrow();
    }
}
