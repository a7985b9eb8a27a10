package io.evenkeel.it;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Runs the tests of a class only where a RabbitMQ cluster can be run, in containers or of the host's packages; elsewhere they
 * are skipped and the reason is printed. With {@code -Devenkeel.it.required=true} they fail there instead. A parameter
 * of type {@code RabbitBrokers} is the cluster, with all of its nodes running; it is one for the whole test run, so a
 * test leaves it as it was.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Tag("rabbitmq")
@ExtendWith(RabbitmqExtension.class)
@interface RequiresRabbitmq {}
