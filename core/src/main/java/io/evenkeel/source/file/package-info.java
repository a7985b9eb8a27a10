/**
 * Endpoints from a JSON file that is read again every second.
 *
 * <p>Starting point: {@link io.evenkeel.source.file.FileSourceProvider}.
 */
@NullMarked
package io.evenkeel.source.file;

import org.jspecify.annotations.NullMarked;
