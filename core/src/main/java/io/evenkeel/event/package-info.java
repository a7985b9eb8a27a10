/**
 * What happens, told to listeners and counted by a recorder that the application supplies.
 */
@NullMarked
package io.evenkeel.event;

import org.jspecify.annotations.NullMarked;
