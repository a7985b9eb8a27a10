/**
 * An RSocket client whose connections follow the Pods behind a Service.
 *
 * <p>Starting point: {@link io.evenkeel.rsocket.EvenkeelRSocketClient}.
 */
@NullMarked
package io.evenkeel.rsocket;

import org.jspecify.annotations.NullMarked;
