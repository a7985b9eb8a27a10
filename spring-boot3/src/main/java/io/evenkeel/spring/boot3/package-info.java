/**
 * The auto-configurations for Spring Boot 3.5.
 */
@NullMarked
package io.evenkeel.spring.boot3;

import org.jspecify.annotations.NullMarked;
