/**
 * What the Spring Boot starters share: properties, the balanced {@code DataSource}, RSocket requesters, status and
 * health. The application sees {@link io.evenkeel.spring.EvenkeelProperties} and {@link
 * io.evenkeel.spring.DataSourceCustomizer}.
 */
@Experimental
@NullMarked
package io.evenkeel.spring;

import io.evenkeel.Experimental;
import org.jspecify.annotations.NullMarked;
