package io.evenkeel.jdbc.pool;

/** One use of a connection, where uses are observed. */
@FunctionalInterface
interface Loan {
    /** The connection is on its way back; must not throw. */
    void end();
}
