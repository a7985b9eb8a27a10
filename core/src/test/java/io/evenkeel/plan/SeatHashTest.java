package io.evenkeel.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class SeatHashTest {

    private static final long FNV_OFFSET_BASIS = 0xcbf29ce484222325L;

    @Test
    void fnv1a_matchesItsPublishedVectors() {
        assertThat(SeatHash.fnv1a(FNV_OFFSET_BASIS, "")).isEqualTo(0xcbf29ce484222325L);
        assertThat(SeatHash.fnv1a(FNV_OFFSET_BASIS, "a")).isEqualTo(0xaf63dc4c8601ec8cL);
        assertThat(SeatHash.fnv1a(FNV_OFFSET_BASIS, "foobar")).isEqualTo(0x85944171f73967e8L);
    }

    @Test
    void fmix64_changesHalfOfTheBitsForAnyBit() {
        for (int bit = 0; bit < 64; bit++) {
            long changed = 0;
            for (long i = 0; i < 2_000; i++) {
                changed += Long.bitCount(SeatHash.fmix64(i) ^ SeatHash.fmix64(i ^ (1L << bit)));
            }
            assertThat(changed / 2_000.0).as("bit %d", bit).isCloseTo(32, within(1.5));
        }
    }

    @Test
    void unit_isNeverZeroNorOne() {
        assertThat(SeatHash.unit(0L)).isGreaterThan(0).isLessThan(1e-15);
        assertThat(SeatHash.unit(-1L)).isLessThan(1).isGreaterThan(1 - 1e-15);
    }

    @Test
    void unit_isUniformForNamesThatDifferInALastCharacterOnly() {
        int clients = 200;
        int endpoints = 200;
        int[] buckets = new int[100];
        double product = 0;
        for (int client = 0; client < clients; client++) {
            SeatHash hash = new SeatHash("web-" + client);
            SeatHash neighbour = new SeatHash("web-" + (client + 1));
            for (int endpoint = 0; endpoint < endpoints; endpoint++) {
                double unit = hash.unit("pg-" + endpoint);
                buckets[(int) (unit * buckets.length)]++;
                product += (unit - 0.5) * (neighbour.unit("pg-" + endpoint) - 0.5);
                product += (unit - 0.5) * (hash.unit("pg-" + (endpoint + 1)) - 0.5);
            }
        }
        double expected = clients * endpoints / (double) buckets.length;
        double chiSquared = 0;
        for (int count : buckets) {
            chiSquared += (count - expected) * (count - expected) / expected;
        }
        // 99 degrees of freedom: above 160 once in 10,000.
        assertThat(chiSquared).isLessThan(160);
        double correlation = product / (2.0 * clients * endpoints) * 12;
        assertThat(correlation).isCloseTo(0, within(0.02));
    }

    @Test
    void unit_keepsClientAndRankApart() {
        assertThat(new SeatHash("ab").unit("c")).isNotEqualTo(new SeatHash("a").unit("bc"));
        assertThat(new SeatHash("a").unit("b")).isNotEqualTo(new SeatHash("b").unit("a"));
    }
}
