/**
 * The auto-configurations for Spring Boot 3.5.
 */
@Experimental
@NullMarked
package io.evenkeel.spring.boot3;

import io.evenkeel.Experimental;
import org.jspecify.annotations.NullMarked;
