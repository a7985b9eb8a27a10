package io.evenkeel.demo.page;

import io.evenkeel.demo.ActUnavailableException;

/** Starts the servers, the clients and the load of one exhibit; takes seconds. */
@FunctionalInterface
public interface Opening {

    /** @throws ActUnavailableException if it can't be shown here; the message says why and what to do */
    Exhibit open() throws ActUnavailableException;
}
