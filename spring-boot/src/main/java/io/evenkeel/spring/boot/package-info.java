/**
 * The auto-configurations for Spring Boot 4.
 */
@Experimental
@NullMarked
package io.evenkeel.spring.boot;

import io.evenkeel.Experimental;
import org.jspecify.annotations.NullMarked;
