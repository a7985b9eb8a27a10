package io.evenkeel.amqp;

/** What a move does about messages that were delivered and are not yet settled. */
public enum ConsumerHandover {

    /**
     * A channel's consumers are stopped, and begin on the new broker only when everything that the old one delivered on
     * the channel is acknowledged, rejected or got rid of otherwise. So no message is handled on the new connection
     * while one from the old is still being handled: order is kept, nothing is redelivered. The default.
     */
    STRICT,

    /**
     * Consumers begin on the new broker as soon as their handlers have returned. What is unsettled stays so on the old
     * connection, which is kept until the last of it is settled. A shorter gap, and for applications that settle much
     * later than they handle; messages may be handled before older ones are settled.
     */
    LAME_DUCK
}
