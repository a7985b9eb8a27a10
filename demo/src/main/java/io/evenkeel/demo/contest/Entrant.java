package io.evenkeel.demo.contest;

/** A client under load, over Pods of its own, so that none is disturbed by what another does to them. */
public interface Entrant {
    /** For tables. */
    String title();

    /** Counts anew from now on. */
    Tally phase();
}
