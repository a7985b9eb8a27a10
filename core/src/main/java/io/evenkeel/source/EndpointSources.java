package io.evenkeel.source;

import io.evenkeel.endpoint.InvalidTargetException;
import io.evenkeel.endpoint.Target;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.ServiceLoader;
import java.util.SortedSet;
import java.util.TreeSet;

/** Finds the source for a target. Thread-safe and stateless. */
public final class EndpointSources {

    private EndpointSources() {}

    /**
     * Makes a source that is not started, from the {@link EndpointSourceProvider} on the class path that understands
     * the target's scheme. Providers are looked for with this library's class loader and then with the thread's.
     *
     * @throws InvalidTargetException if there is none (the message lists the schemes that there are, and what to add),
     *     or if the target's text is not what its scheme expects
     */
    public static EndpointSource create(Target target, SourceContext context) {
        for (EndpointSourceProvider provider : providers()) {
            if (provider.schemes().contains(target.scheme())) {
                return create(provider, target, context);
            }
        }
        throw unknownScheme(target, schemes());
    }

    /** Any refusal of a target by its provider, as one type, without credentials and of a bounded length. */
    private static EndpointSource create(EndpointSourceProvider provider, Target target, SourceContext context) {
        try {
            return provider.create(target, context);
        } catch (InvalidTargetException refused) {
            throw refused;
        } catch (IllegalArgumentException refused) {
            throw new InvalidTargetException(String.valueOf(refused.getMessage()), refused);
        }
    }

    /** The refusal of a target whose scheme is none of these: what to add. */
    public static InvalidTargetException unknownScheme(Target target, SortedSet<String> schemes) {
        return new InvalidTargetException("target: \"" + target + "\" has the scheme \"" + target.scheme()
                + "\" (expected: one of " + schemes + "); " + whatToAdd(target.scheme()));
    }

    /** The schemes that can be used here, in order. */
    public static SortedSet<String> schemes() {
        SortedSet<String> schemes = new TreeSet<>();
        for (EndpointSourceProvider provider : providers()) {
            schemes.addAll(provider.schemes());
        }
        return Collections.unmodifiableSortedSet(schemes);
    }

    /** Ours first: the same provider may be found by both class loaders. */
    private static List<EndpointSourceProvider> providers() {
        List<EndpointSourceProvider> providers = new ArrayList<>();
        ServiceLoader.load(EndpointSourceProvider.class, EndpointSources.class.getClassLoader())
                .forEach(providers::add);
        ServiceLoader.load(EndpointSourceProvider.class).forEach(providers::add);
        return providers;
    }

    private static String whatToAdd(String scheme) {
        return switch (scheme) {
            case "k8s", "kubernetes" ->
                "add the module evenkeel-kubernetes (io.evenkeel:evenkeel-kubernetes) to the class path";
            case "snapshot" -> "a snapshot can only be the last target of fallback:";
            default -> "add the module that provides it to the class path, or correct the scheme";
        };
    }
}
