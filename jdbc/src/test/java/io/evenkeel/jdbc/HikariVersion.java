package io.evenkeel.jdbc;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.zaxxer.hikari.HikariConfig;
import io.evenkeel.jdbc.pool.HikariAccess;
import java.util.Arrays;

/** What the HikariCP on the class path has: the tests run with each from 5.1 on. */
final class HikariVersion {
    private HikariVersion() {}

    static void assumeCan(Pooling pooling) {
        assumeTrue(
                pooling == Pooling.SEATS || HikariAccess.canPoolPerPod(), "HikariCP per Pod needs HikariCP 7 or newer");
    }

    static boolean hasSetter(String property) {
        String setter = "set" + Character.toUpperCase(property.charAt(0)) + property.substring(1);
        return Arrays.stream(HikariConfig.class.getMethods())
                .anyMatch(method -> method.getName().equals(setter));
    }
}
