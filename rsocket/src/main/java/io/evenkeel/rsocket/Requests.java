package io.evenkeel.rsocket;

import io.netty.util.ReferenceCountUtil;
import io.rsocket.Payload;
import org.jspecify.annotations.Nullable;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Operators;

/** Makes a request what its policy asks for. */
final class Requests {

    private Requests() {}

    /** Makes a request whose input is there, for a subscriber that has no subscription yet. */
    @SuppressWarnings({"unchecked", "IllegalCatch"
    }) // a stream's elements are payloads; the application's code may throw
    static void make(Router router, Interaction interaction, Object input, CoreSubscriber<?> actual) {
        MovableStream movable;
        try {
            LongStreamPolicy policy = router.policy(interaction, input);
            movable = policy == null
                    ? null
                    : new MovableStream(router, interaction, policy, (CoreSubscriber<? super Payload>) actual);
        } catch (Throwable e) {
            // A route function or a supplier of resumers that threw.
            release(interaction, input);
            Operators.error(actual, Operators.onOperatorError(e, actual.currentContext()));
            return;
        }
        begin(router, interaction, movable, input, actual);
    }

    private static void begin(
            Router router,
            Interaction interaction,
            @Nullable MovableStream movable,
            Object input,
            CoreSubscriber<?> actual) {
        if (movable != null) {
            movable.begin(input);
        } else {
            new Request(router, interaction, actual).begin(input);
        }
    }

    private static void release(Interaction interaction, Object input) {
        if (interaction != Interaction.REQUEST_CHANNEL) {
            ReferenceCountUtil.safeRelease(input);
        }
    }
}
