package io.evenkeel.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaModifier;
import io.evenkeel.jdbc.pool.CacheLinePadding;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/**
 * What is written on every acquire shares no cache line with anything else, as this JVM lays objects out. Two processors
 * that write to one line, each to a field of its own, take turns on it: acquires by two threads were slower than by one.
 */
class CacheLinePaddingTest {
    /** Two cache lines: processors fetch them in pairs. */
    private static final long APART = 128;

    @Test
    void fields_of_padded_classes_are_two_cache_lines_away_from_both_ends_of_the_object() throws Exception {
        List<Class<?>> padded = padded();
        assertThat(padded).as("padded classes").hasSizeGreaterThanOrEqualTo(5);
        for (Class<?> each : padded) {
            long first = offsets(each, false).min().orElseThrow();
            long last = offsets(each, false).max().orElseThrow();
            long end = offsets(each, true).max().orElseThrow() + Long.BYTES;
            assertThat(first).as("first field of " + each).isGreaterThanOrEqualTo(APART);
            assertThat(end - last)
                    .as("from the last field to the end of " + each)
                    .isGreaterThanOrEqualTo(APART);
        }
    }

    private static List<Class<?>> padded() throws ClassNotFoundException {
        List<Class<?>> padded = new ArrayList<>();
        for (JavaClass each : new OneWayFlowTest().module()) {
            if (each.isAssignableTo(CacheLinePadding.class)
                    && !each.getModifiers().contains(JavaModifier.ABSTRACT)) {
                padded.add(Class.forName(each.getName()));
            }
        }
        return padded;
    }

    /** Where the fields lie that are padding, or those that are not. */
    private static LongStream offsets(Class<?> of, boolean padding) throws Exception {
        Class<?> unsafe = Class.forName("sun.misc.Unsafe");
        Field instance = unsafe.getDeclaredField("theUnsafe");
        instance.setAccessible(true);
        Method offset = unsafe.getMethod("objectFieldOffset", Field.class);
        List<Long> offsets = new ArrayList<>();
        for (Class<?> type = of; type != Object.class; type = type.getSuperclass()) {
            boolean isPadding = type == of || type == CacheLinePadding.class;
            for (Field field : type.getDeclaredFields()) {
                if (isPadding == padding && !Modifier.isStatic(field.getModifiers())) {
                    offsets.add((Long) offset.invoke(instance.get(null), field));
                }
            }
        }
        return offsets.stream().mapToLong(Long::longValue);
    }
}
