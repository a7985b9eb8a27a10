package io.evenkeel.pick;

/**
 * How good a connection is beside the others: a pure function of what is known of it and of them.
 *
 * <p>Every estimate is drawn towards the others' mean as if {@value #PRIOR} samples of that mean had been seen as well.
 * With many recent samples it is its own; with few, or old ones, it is the others'. So it loses its say with time
 * without samples.
 *
 * <ul>
 *   <li><b>Time</b>: the geometric mean, which one slow answer among ten can't carry away, less what chance may have
 *       added to it. Up to {@value #EQUAL} times the others' it counts as theirs: requests differ more than that. Twice
 *       is twice, and the share goes down by its square. Times of requests that began while no other connection was
 *       asked don't count: they tell it apart from none.
 *   <li><b>Failures</b>: the share goes down in proportion to the difference from the others' failure rate, as far as
 *       that exceeds what chance would make of equal rates ({@value #CHANCE} standard errors). One failure is chance,
 *       and equal rates of any height are equal.
 *   <li><b>Silence</b>: what is awaited has taken at least as long as nothing was answered, less the time for which no
 *       connection that works answered anything. When all are silent it is this process that stood still, or the
 *       network, and that tells none apart from the others.
 * </ul>
 *
 * @param quality what its share is multiplied by, from {@link #FLOOR} to 1
 * @param standing whether it gets that share, or only one request now and then
 */
record Appraisal(double quality, Standing standing) {

    /** A connection in service gets at least this part of its fair share, so that news of it never ends. */
    static final double FLOOR = 0.1;
    /** So many samples of the others' mean are added to one's own. */
    static final double PRIOR = 8;
    /** Times that differ by less count as equal. */
    static final double EQUAL = 1.5;

    /** So many standard errors are what chance may have made. */
    static final double CHANCE = 1.5;
    /** How far the logarithms of single answers spread: as those of an exponential distribution, which is wide. */
    private static final double SPREAD = 1.85;

    /** What a request costs rises by this times the difference of the failure rates. */
    private static final double PER_FAILURE = 20;
    /** From this difference on its requests mostly fail. */
    private static final double FAILING = 0.3;

    private static final double FAILURE_PRIOR = 4;
    /** So many failures in a row at least say something. */
    private static final int LEAST_STREAK = 5;
    /** The logarithm of how likely a streak is at most for not being chance: once in ten million requests. */
    private static final double LOG_UNLIKELY = Math.log(1e-7);

    /** Silence for so many times of an answer, and a little, is no longer an answer that takes long. */
    private static final double SILENT = 8;

    private static final double LEAST_SILENCE = 2e6;

    /** What a connection is given. */
    enum Standing {
        /** At least {@link #FLOOR} of its fair share. */
        IN_SERVICE,
        /** One request a second at most, since it would most likely fail. */
        FAILING,
        /** One request now and then, since it would most likely not be answered. */
        SILENT
    }

    /**
     * Appraises one.
     *
     * @param own what is known of it
     * @param others what is known of all others together
     * @param quiet for how many nanoseconds none of all that don't {@linkplain #mostlyFails mostly fail} has answered
     */
    static Appraisal of(Evidence own, Evidence others, long quiet) {
        double slower = slower(own, others);
        if (isSilent(own, others, quiet)) {
            return new Appraisal(FLOOR, Standing.SILENT);
        }
        double quality = 1 / (slower * slower * (1 + PER_FAILURE * excessOfFailures(own, others)));
        return new Appraisal(
                Math.max(FLOOR, quality), mostlyFails(own, others) ? Standing.FAILING : Standing.IN_SERVICE);
    }

    /** Whether a request would most likely fail on it, and not on the others. */
    static boolean mostlyFails(Evidence own, Evidence others) {
        return excessOfFailures(own, others) > FAILING || isUnlikelyStreak(own, others);
    }

    /**
     * How many times longer than the others it takes; 1 for equal or quicker, or if there is nothing to compare it
     * with.
     */
    private static double slower(Evidence own, Evidence others) {
        if (others.answers() < 0.5 || own.answers() <= 0) {
            return 1;
        }
        double count = own.answers();
        double say = count / (count + PRIOR);
        double difference = say * (own.logs() / count - others.logs() / others.answers());
        double chance = say * SPREAD * Math.sqrt(1 / count + 1 / others.answers());
        double ratio = Math.pow(2, difference - CHANCE * chance);
        if (ratio <= EQUAL) {
            return 1;
        }
        // No step at the edge: a small change of the estimate is a small change of the share.
        return ratio >= 2 ? ratio : 1 + (ratio - EQUAL) / (2 - EQUAL);
    }

    /**
     * Whether it failed so often in a row that the others' failure rate doesn't explain it. A Pod that served for a
     * long time and now fails everything would otherwise keep a good average for as long as its past counts.
     */
    private static boolean isUnlikelyStreak(Evidence own, Evidence others) {
        if (own.streak() < LEAST_STREAK || others.outcomes() < 0.5) {
            return false;
        }
        double theirs = (others.failures() + 1) / (others.outcomes() + 2);
        return own.streak() * Math.log(theirs) < LOG_UNLIKELY;
    }

    private static boolean isSilent(Evidence own, Evidence others, long quiet) {
        long silence = own.silence() - quiet;
        if (silence <= 0 || others.answers() < 0.5) {
            return false;
        }
        // By its own answers where they are known to take long, by the others' where not.
        double theirs = others.logs() / others.answers();
        double its = (own.logs() + PRIOR * theirs) / (own.answers() + PRIOR);
        return silence > SILENT * Math.pow(2, Math.max(its, theirs)) + LEAST_SILENCE;
    }

    /** By how much its failure rate exceeds the others', beyond chance; 0 if it doesn't. */
    private static double excessOfFailures(Evidence own, Evidence others) {
        if (own.failures() <= 0 || others.outcomes() < 0.5) {
            return 0;
        }
        double all = (own.failures() + others.failures() + 1) / (own.outcomes() + others.outcomes() + 2);
        double ownCount = own.outcomes() + FAILURE_PRIOR;
        double othersCount = others.outcomes() + FAILURE_PRIOR;
        double difference = (own.failures() + FAILURE_PRIOR * all) / ownCount
                - (others.failures() + FAILURE_PRIOR * all) / othersCount;
        double chance = Math.sqrt(all * (1 - all) * (1 / ownCount + 1 / othersCount));
        return Math.max(0, difference - CHANCE * chance);
    }
}
