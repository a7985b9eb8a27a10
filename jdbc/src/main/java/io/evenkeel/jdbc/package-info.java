/** A {@code DataSource} whose connections follow the Pods behind a Service. */
@NullMarked
package io.evenkeel.jdbc;

import org.jspecify.annotations.NullMarked;
