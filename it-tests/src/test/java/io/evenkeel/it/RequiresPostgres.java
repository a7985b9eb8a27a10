package io.evenkeel.it;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Runs the tests of a class only where PostgreSQL servers can be run; elsewhere they are skipped and the reason is
 * printed. With {@code -Devenkeel.it.required=true} they fail there instead.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(RequiresPostgresCondition.class)
public @interface RequiresPostgres {}
