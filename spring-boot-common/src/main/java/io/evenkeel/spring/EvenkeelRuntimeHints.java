package io.evenkeel.spring;

import org.jspecify.annotations.Nullable;
import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.RuntimeHintsRegistrar;
import org.springframework.util.ClassUtils;

/** What a native image has to know beside what each jar says of itself: the proxy of the requester's builder. */
final class EvenkeelRuntimeHints implements RuntimeHintsRegistrar {
    private static final String BUILDER = "org.springframework.messaging.rsocket.RSocketRequester$Builder";

    @Override
    public void registerHints(RuntimeHints hints, @Nullable ClassLoader loader) {
        if (ClassUtils.isPresent(BUILDER, loader)) {
            hints.proxies().registerJdkProxy(ClassUtils.resolveClassName(BUILDER, loader));
        }
    }
}
