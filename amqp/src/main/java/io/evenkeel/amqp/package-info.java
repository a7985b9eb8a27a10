/**
 * A RabbitMQ {@code ConnectionFactory} whose live connections move between brokers without losing or repeating a
 * message.
 *
 * <p>Starting point: {@link io.evenkeel.amqp.EvenkeelConnectionFactory}.
 */
@NullMarked
package io.evenkeel.amqp;

import org.jspecify.annotations.NullMarked;
