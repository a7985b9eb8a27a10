package io.evenkeel.demo;

import java.io.PrintStream;
import java.util.List;

/**
 * One part of the demonstration. Makes its servers and clients, prints what it does and its figures, and ends all that
 * it began, also when it is interrupted.
 */
@FunctionalInterface
public interface Act {

    /**
     * Plays it.
     *
     * @param arguments what follows the act's name on the command line
     * @return whether every promise was kept
     * @throws ActUnavailableException if it can't be played here; the message says why and what to do
     */
    boolean play(List<String> arguments, PrintStream out) throws ActUnavailableException, InterruptedException;
}
