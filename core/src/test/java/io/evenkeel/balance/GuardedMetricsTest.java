package io.evenkeel.balance;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.event.MetricsRecorder;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class GuardedMetricsTest {

    /** One that it did not forward would never be recorded, since the interface's own does nothing. */
    @Test
    void every_measurement_is_forwarded() {
        assertThat(Arrays.stream(MetricsRecorder.class.getMethods())
                        .filter(method -> !Modifier.isStatic(method.getModifiers())))
                .isNotEmpty()
                .allSatisfy(method ->
                        assertThat(isForwarded(method)).as(method.getName()).isTrue());
    }

    private static boolean isForwarded(Method method) throws NoSuchMethodException {
        return GuardedMetrics.class
                .getMethod(method.getName(), method.getParameterTypes())
                .getDeclaringClass()
                .equals(GuardedMetrics.class);
    }
}
