/**
 * Brokers to move connections between: Qpid Broker-J inside this JVM, or the RabbitMQ that is installed on this host.
 */
@NullMarked
package io.evenkeel.demo.amqp.broker;

import org.jspecify.annotations.NullMarked;
