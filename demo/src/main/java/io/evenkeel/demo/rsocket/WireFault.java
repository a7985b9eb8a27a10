package io.evenkeel.demo.rsocket;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.util.ReferenceCountUtil;

/**
 * Stands between a server and its sockets. While silent, all that arrives is dropped and all that is sent is swallowed,
 * and no FIN or RST says so: what a client sees of a node that lost its network.
 */
@ChannelHandler.Sharable
final class WireFault extends ChannelDuplexHandler {
    private volatile boolean silent;

    void silent(boolean value) {
        silent = value;
    }

    boolean isSilent() {
        return silent;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (silent) {
            ReferenceCountUtil.release(message);
            return;
        }
        context.fireChannelRead(message);
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        if (silent) {
            ReferenceCountUtil.release(message);
            promise.trySuccess();
            return;
        }
        context.write(message, promise);
    }
}
