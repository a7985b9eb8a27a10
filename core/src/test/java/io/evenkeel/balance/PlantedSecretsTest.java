package io.evenkeel.balance;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.CapturedLog;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.event.EvenkeelEvent;
import io.evenkeel.status.Diagnosis;
import io.evenkeel.status.JmxStatus;
import io.evenkeel.status.PoolStatus;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import javax.management.MBeanAttributeInfo;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.junit.jupiter.api.Test;

/** What a driver's exception repeats of credentials is in nothing that core shows. */
class PlantedSecretsTest {

    private static final String SECRET = "hunter2";
    private static final List<String> PLANTED = List.of(
            "jdbc:postgresql://app:" + SECRET + "@pg/orders failed",
            "properties {user=app, password=" + SECRET + ", sslpassword=" + SECRET + "}",
            "refused: Authorization: Bearer " + SECRET + SECRET,
            "access_token=" + SECRET);

    @Test
    void no_secret_is_in_status_diagnosis_jmx_events_or_the_log() throws Exception {
        List<String> shown = new ArrayList<>();
        try (CapturedLog log = new CapturedLog()) {
            for (String planted : PLANTED) {
                BalanceBed bed = new BalanceBed(2);
                Endpoint pod = Endpoint.of("pg-0", "10.0.0.1", 5432);
                bed.publish(List.of(pod));
                bed.passSeconds(5);
                IOException failure = new IOException(planted, new IllegalStateException(planted));
                for (int i = 0; i < 6; i++) {
                    bed.rebalancer.signals().failed(pod.key(), failure);
                }
                bed.rebalancer.signals().refused(pod.key(), failure);
                PoolStatus status = bed.rebalancer.status();
                assertThat(status.endpoints().get(0).lastError()).contains("***");
                shown.add(status.toString());
                shown.add(Diagnosis.of(status, "x").message("no connection"));
                shown.add(new EvenkeelEvent.ConnectionFailed("orders", pod.key(), failure).toString());
                shown.add(jmx(status));
                // The ejection is logged in the next round.
                bed.passSeconds(1);
            }
            shown.addAll(log.linesWith(""));
        }
        assertThat(shown).hasSizeGreaterThan(PLANTED.size() * 4).noneMatch(text -> text.contains(SECRET));
    }

    private static String jmx(PoolStatus status) throws Exception {
        MBeanServer server = ManagementFactory.getPlatformMBeanServer();
        StringBuilder text = new StringBuilder();
        try (JmxStatus jmx = JmxStatus.register("planted", () -> status)) {
            ObjectName name = Objects.requireNonNull(jmx.name());
            for (MBeanAttributeInfo attribute : server.getMBeanInfo(name).getAttributes()) {
                Object value = server.getAttribute(name, attribute.getName());
                text.append(value instanceof Object[] many ? List.of(many) : value);
            }
        }
        return text.toString();
    }
}
