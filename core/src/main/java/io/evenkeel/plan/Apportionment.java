package io.evenkeel.plan;

import java.util.Arrays;

/**
 * Finds the p smallest of the keys {@code (k - 1 + u) / w} without sorting.
 *
 * <p>Below a threshold t endpoint e has about {@code w·t} keys, so that all p smallest lie near t = p / Σw. The first
 * step counts, in one pass and without a queue, every key up to a t a little smaller than that; what is still missing,
 * about the square root of min(p, N), comes one by one from a binary heap of each endpoint's next key. If the guess was
 * too high, a lower one that cannot be is used: up to (p - N) / Σw there are at most p keys, because e has at most w·t
 * - u + 1.
 *
 * <p>The order is total: by key as a double, then by endpoint key. Both steps compare the same doubles, so that
 * rounding can't make one contradict the other, nor depend on which other endpoints there are.
 */
final class Apportionment {

    /**
     * How many standard deviations the first guess stays below what is expected; the count's deviation is below √min(p,
     * N).
     */
    private static final double CAUTION = 3;

    private final Candidate[] row;
    private final double[] units;
    private final int seats;
    private final int[] taken;
    private final double[] nextKey;
    private final int[] heap;

    Apportionment(Candidate[] row, double[] units, int seats) {
        this.row = row;
        this.units = units;
        this.seats = seats;
        this.taken = new int[row.length];
        this.nextKey = new double[row.length];
        this.heap = new int[row.length];
    }

    /** The number of seats of each candidate, in the order of the candidates. */
    int[] seatsByRow() {
        double sum = 0;
        for (Candidate candidate : row) {
            sum += candidate.weight();
        }
        double slack = CAUTION * Math.sqrt(Math.min(seats, row.length)) + 1;
        int missing = takeUpTo((seats - slack) / sum);
        if (missing < 0) {
            missing = takeUpTo(((double) seats - row.length) / sum);
        }
        if (missing < 0) {
            Arrays.fill(taken, 0);
            missing = seats;
        }
        takeOneByOne(missing);
        return taken;
    }

    /** Takes every key up to the threshold; returns how many are then missing, negative if that was too many. */
    private int takeUpTo(double threshold) {
        long missing = seats;
        for (int i = 0; i < row.length && missing >= 0; i++) {
            taken[i] = threshold > 0 ? keysUpTo(i, threshold) : 0;
            missing -= taken[i];
        }
        return missing < 0 ? -1 : (int) missing;
    }

    private int keysUpTo(int i, double threshold) {
        double estimate = Math.floor(row[i].weight() * threshold - units[i]) + 1;
        int count = (int) Math.max(0, Math.min(estimate, seats));
        // The estimate is rounded otherwise than the keys are; the keys decide.
        while (count > 0 && key(i, count) > threshold) {
            count--;
        }
        while (count < seats && key(i, count + 1) <= threshold) {
            count++;
        }
        return count;
    }

    private double key(int i, int k) {
        return (k - 1 + units[i]) / row[i].weight();
    }

    private void takeOneByOne(int missing) {
        if (missing == 0) {
            return;
        }
        for (int i = 0; i < row.length; i++) {
            heap[i] = i;
            nextKey[i] = key(i, taken[i] + 1);
        }
        for (int parent = row.length / 2 - 1; parent >= 0; parent--) {
            siftDown(parent);
        }
        for (int n = 0; n < missing; n++) {
            int first = heap[0];
            taken[first]++;
            nextKey[first] = key(first, taken[first] + 1);
            siftDown(0);
        }
    }

    private void siftDown(int start) {
        int moving = heap[start];
        int hole = start;
        int child = 2 * hole + 1;
        while (child < heap.length) {
            if (child + 1 < heap.length && before(heap[child + 1], heap[child])) {
                child++;
            }
            if (!before(heap[child], moving)) {
                break;
            }
            heap[hole] = heap[child];
            hole = child;
            child = 2 * hole + 1;
        }
        heap[hole] = moving;
    }

    private boolean before(int a, int b) {
        if (nextKey[a] != nextKey[b]) {
            return nextKey[a] < nextKey[b];
        }
        return row[a].key().compareTo(row[b].key()) < 0;
    }
}
