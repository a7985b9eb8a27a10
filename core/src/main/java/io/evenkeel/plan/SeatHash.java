package io.evenkeel.plan;

/**
 * The hash that gives every (client, endpoint) pair its own number in (0, 1).
 *
 * <p>64-bit FNV-1a (Fowler, Noll, Vo) over UTF-16 units, finished with the 64-bit finaliser of MurmurHash3 (Appleby),
 * once after the client and once after the rank. FNV-1a alone leaves names that differ in their last character close
 * together; {@code String.hashCode} or an exclusive-or of two hashes makes clients choose the same endpoints. The
 * finaliser between the two strings also keeps ("ab", "c") apart from ("a", "bc").
 *
 * <p>The client's part is hashed once, independent of the number of endpoints.
 */
final class SeatHash {

    private static final long FNV_OFFSET_BASIS = 0xcbf29ce484222325L;
    private static final long FNV_PRIME = 0x100000001b3L;
    private static final double TWO_POW_MINUS_53 = 0x1.0p-53;

    private final long clientState;

    SeatHash(String client) {
        this.clientState = fmix64(fnv1a(FNV_OFFSET_BASIS, client));
    }

    /** Uniform over (0, 1), both ends excluded: the middle of one of 2⁵² equal intervals. */
    double unit(String rank) {
        return unit(fmix64(fnv1a(clientState, rank)));
    }

    static double unit(long hash) {
        return ((hash >>> 11) | 1L) * TWO_POW_MINUS_53;
    }

    static long fnv1a(long state, String text) {
        long hash = state;
        for (int i = 0; i < text.length(); i++) {
            hash = (hash ^ text.charAt(i)) * FNV_PRIME;
        }
        return hash;
    }

    static long fmix64(long value) {
        long hash = value;
        hash = (hash ^ (hash >>> 33)) * 0xff51afd7ed558ccdL;
        hash = (hash ^ (hash >>> 33)) * 0xc4ceb9fe1a85ec53L;
        return hash ^ (hash >>> 33);
    }
}
