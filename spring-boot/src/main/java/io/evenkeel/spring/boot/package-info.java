/**
 * The auto-configurations for Spring Boot 4.
 */
@NullMarked
package io.evenkeel.spring.boot;

import org.jspecify.annotations.NullMarked;
