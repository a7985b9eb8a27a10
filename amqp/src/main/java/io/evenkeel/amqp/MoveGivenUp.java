package io.evenkeel.amqp;

/** A move can't go on, and nothing is wrong with the broker that it goes to. */
final class MoveGivenUp extends Exception {

    private static final long serialVersionUID = 1;

    MoveGivenUp(String reason) {
        super(reason, null, false, false);
    }
}
