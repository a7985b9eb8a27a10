/** What JDBC drivers instantiate by name; not for applications. */
@NullMarked
package io.evenkeel.jdbc.internal;

import org.jspecify.annotations.NullMarked;
