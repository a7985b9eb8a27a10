package io.evenkeel.amqp;

import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.ConnectionFactory;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.net.SocketFactory;
import org.junit.jupiter.api.Test;

/** Every setting of the client's factory is taken over, also those of a newer client. */
class CopyOfTest {

    /** A value that is not the default, by type; null if there is none that every setter would take. */
    @SuppressWarnings("deprecation") // a setting all the same
    private static Object sample(Class<?> type) {
        if (type == int.class || type == long.class) {
            return type == int.class ? (Object) 4321 : (Object) 4321L;
        }
        if (type == String.class) {
            return "sample";
        }
        if (type == Map.class) {
            return Map.of("key", "value");
        }
        if (type == SocketFactory.class) {
            return SocketFactory.getDefault();
        }
        if (type.getSimpleName().equals("NioParams")) {
            return new ConnectionFactory().getNioParams();
        }
        if (type.isInterface()) {
            return Proxy.newProxyInstance(
                    type.getClassLoader(), new Class<?>[] {type}, (proxy, method, args) -> switch (method.getName()) {
                        case "equals" -> proxy == args[0];
                        case "hashCode" -> System.identityHashCode(proxy);
                        case "toString" -> "sample " + type.getSimpleName();
                        default -> null;
                    });
        }
        return null;
    }

    private static List<Field> fields() {
        List<Field> fields = new ArrayList<>();
        for (Field field : ConnectionFactory.class.getDeclaredFields()) {
            if (!Modifier.isStatic(field.getModifiers())) {
                field.setAccessible(true);
                fields.add(field);
            }
        }
        return fields;
    }

    private static boolean isPart(Object value) {
        return value != null && value.getClass().getEnclosingClass() == ConnectionFactory.class;
    }

    private static void isTakenOver(ConnectionFactory from, ConnectionFactory to) throws Exception {
        for (Field field : fields()) {
            Object expected = field.get(from);
            if (isPart(expected)) {
                assertThat(field.get(to)).as(field.getName()).isNotSameAs(expected);
                assertThat(((ConnectionFactory.NettyConfiguration) field.get(to)).connectionFactory())
                        .as("the factory that %s refers to", field.getName())
                        .isSameAs(to);
            } else {
                assertThat(field.get(to)).as(field.getName()).isEqualTo(expected);
            }
        }
    }

    @Test
    void each_setting_by_itself_is_taken_over() throws Exception {
        int set = 0;
        List<String> skipped = new ArrayList<>();
        for (Method setter : ConnectionFactory.class.getMethods()) {
            boolean isSetter = setter.getName().startsWith("set")
                    && setter.getParameterCount() == 1
                    && setter.getDeclaringClass() == ConnectionFactory.class;
            if (!isSetter) {
                continue;
            }
            Class<?> type = setter.getParameterTypes()[0];
            ConnectionFactory source = new ConnectionFactory();
            for (Object value : values(setter, type)) {
                setter.invoke(source, value);
                isTakenOver(source, EvenkeelConnectionFactory.copyOf(source));
                set++;
            }
            if (values(setter, type).isEmpty()) {
                skipped.add(setter.toGenericString());
            }
        }
        assertThat(skipped).as("setters that no value was found for").isEmpty();
        assertThat(set).isGreaterThan(40);
    }

    private static List<Object> values(Method setter, Class<?> type) {
        if (type == boolean.class) {
            return List.of(true, false);
        }
        if (setter.getName().equals("setUri")) {
            Object uri = type == String.class ? "amqp://u:p@host:1/v" : URI.create("amqp://u:p@host:1/v");
            return List.of(uri);
        }
        Object sample = sample(type);
        return sample == null ? List.of() : List.of(sample);
    }

    @Test
    void what_has_no_setter_of_that_form_is_taken_over_too() throws Exception {
        ConnectionFactory source = new ConnectionFactory();
        source.useSslProtocol();
        source.enableHostnameVerification();
        isTakenOver(source, EvenkeelConnectionFactory.copyOf(source));
        assertThat(EvenkeelConnectionFactory.copyOf(source).isSSL()).isTrue();
        ConnectionFactory netty = new ConnectionFactory();
        netty.netty().enqueuingTimeout(Duration.ofSeconds(7));
        isTakenOver(netty, EvenkeelConnectionFactory.copyOf(netty));
    }

    @Test
    void the_copy_and_the_original_are_independent() {
        ConnectionFactory source = new ConnectionFactory();
        source.setHost("rabbitmq");
        EvenkeelConnectionFactory copy = EvenkeelConnectionFactory.copyOf(source);
        copy.setHost("elsewhere");
        copy.getClientProperties().put("key", "value");
        assertThat(source.getHost()).isEqualTo("rabbitmq");
        assertThat(source.getClientProperties()).doesNotContainKey("key");
    }

    @Test
    void one_of_ours_keeps_its_own_settings() {
        EvenkeelConnectionFactory source = new EvenkeelConnectionFactory();
        source.setConsumerHandover(ConsumerHandover.LAME_DUCK);
        assertThat(EvenkeelConnectionFactory.copyOf(source).handover()).isEqualTo(ConsumerHandover.LAME_DUCK);
    }
}
