package io.evenkeel.jdbc.hikari;

/** What a Pod's seats report to the one who hands them out. Called without a lock; must not block. */
interface SeatReports {
    /** Seats have become free. */
    void seatsFreed();

    /** A seat may have lost its connection, or may get one now, while callers wait. */
    void connectionsMissing();

    /** Seats were added or are gone. */
    void seatsChanged();
}
