package io.evenkeel.jdbc.pool;

/**
 * Notices a Pod from which no connection comes back while some are in use. Its server may be frozen, which a look at
 * an idle connection's socket doesn't show; or its queries take long, and then asking its idle connections does no
 * harm. Confined to the housekeeper.
 */
final class Silence {
    private boolean wasBusy;
    private long uses;
    private int looks;

    /**
     * Looks once more.
     *
     * @return whether the idle connections are to be asked: after 1, 2, 4 … looks in a row between which none came back
     */
    boolean look(Seat[] seats) {
        boolean busy = false;
        long now = 0;
        for (Seat seat : seats) {
            busy |= seat.isBusy();
            now += seat.uses;
        }
        looks = busy && wasBusy && now == uses ? looks + 1 : 0;
        wasBusy = busy;
        uses = now;
        return Integer.bitCount(looks) == 1;
    }
}
