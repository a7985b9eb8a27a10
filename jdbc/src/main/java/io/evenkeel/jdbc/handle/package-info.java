/**
 * What an application holds: connections, statements, result sets and metadata that pass calls on to the driver's,
 * and the classification of the failures that pass by. Depends on nothing of the pool. Not for applications.
 */
@NullMarked
package io.evenkeel.jdbc.handle;

import org.jspecify.annotations.NullMarked;
