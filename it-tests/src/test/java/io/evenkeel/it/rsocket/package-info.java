/** Tests of the RSocket client against real servers over TCP on loopback addresses. */
@NullMarked
package io.evenkeel.it.rsocket;

import org.jspecify.annotations.NullMarked;
