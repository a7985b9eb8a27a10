/**
 * The AMQP part of the demonstration: message ledgers run over brokers that are added, drained and killed.
 */
@NullMarked
package io.evenkeel.demo.amqp;

import org.jspecify.annotations.NullMarked;
