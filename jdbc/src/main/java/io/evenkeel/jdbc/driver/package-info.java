/**
 * How a driver reaches one endpoint: the user's URL and options, and the sockets beneath. Depends on nothing of the
 * pool. Not for applications; the socket factories are public because drivers instantiate them by name.
 */
@NullMarked
package io.evenkeel.jdbc.driver;

import org.jspecify.annotations.NullMarked;
