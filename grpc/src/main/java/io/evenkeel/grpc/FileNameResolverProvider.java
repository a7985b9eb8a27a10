package io.evenkeel.grpc;

/** Resolves {@code file:///etc/evenkeel/orders.json}, read again when it changes. */
public final class FileNameResolverProvider extends PodNameResolverProvider {

    /** For {@code ServiceLoader}. */
    public FileNameResolverProvider() {
        super("file", "file");
    }
}
