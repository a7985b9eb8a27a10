package io.evenkeel.rsocket;

/** The client is closed, or was closed while the request waited or was in flight. */
public final class ClientClosedException extends EvenkeelRSocketException {

    private static final long serialVersionUID = 1L;

    private final boolean neverSent;

    ClientClosedException(String pool, boolean neverSent) {
        super("Pool " + pool + ": the client is closed", null);
        this.neverSent = neverSent;
    }

    @Override
    public boolean neverSent() {
        return neverSent;
    }
}
