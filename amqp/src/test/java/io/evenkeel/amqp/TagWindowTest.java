package io.evenkeel.amqp;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;

class TagWindowTest {

    @Test
    void it_does_what_a_sorted_set_does_whatever_the_order() {
        long seed = System.nanoTime();
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        for (int round = 0; round < 200; round++) {
            TagWindow window = new TagWindow();
            TreeSet<Long> model = new TreeSet<>();
            long next = 1 + random.nextInt(200);
            for (int step = 0; step < 500; step++) {
                long any = Math.max(0, next - random.nextInt(300));
                switch (random.nextInt(7)) {
                    case 6 -> {
                        // One that is in it, or has left, or never was.
                        assertThat(window.add(any)).as("seed %d", seed).isEqualTo(model.add(any));
                        next = Math.max(next, any + 1);
                    }
                    case 0, 1, 2 -> {
                        assertThat(window.add(next)).as("seed %d", seed).isEqualTo(model.add(next));
                        next += 1 + (random.nextInt(50) == 0 ? random.nextInt(400) : 0);
                    }
                    case 3 -> assertThat(window.remove(any)).as("seed %d", seed).isEqualTo(model.remove(any));
                    case 4 -> {
                        if (random.nextInt(5) == 0) {
                            List<Long> removed = new ArrayList<>();
                            window.removeUpTo(any, removed::add);
                            assertThat(removed)
                                    .as("seed %d", seed)
                                    .isEqualTo(new ArrayList<>(model.headSet(any, true)));
                            model.headSet(any, true).clear();
                        }
                    }
                    default -> {
                        Long floor = model.floor(any);
                        Long ceiling = model.ceiling(any);
                        assertThat(window.floor(any)).as("seed %d", seed).isEqualTo(floor == null ? -1 : floor);
                        assertThat(window.next(any)).as("seed %d", seed).isEqualTo(ceiling == null ? -1 : ceiling);
                        assertThat(window.contains(any)).as("seed %d", seed).isEqualTo(model.contains(any));
                    }
                }
                assertThat(window.size()).as("seed %d", seed).isEqualTo(model.size());
            }
        }
    }

    @Test
    void it_grows_only_as_far_as_its_oldest_member_makes_it() {
        TagWindow window = new TagWindow();
        for (long tag = 1; tag <= 1_000_000; tag++) {
            window.add(tag);
            window.remove(tag - 100);
        }
        assertThat(window.words()).isEqualTo(4);
        window.add(2_000_000);
        assertThat(window.size()).isEqualTo(101);
        assertThat(window.floor(1_999_999)).isEqualTo(1_000_000);
    }

    @Test
    void a_tag_on_the_edge_of_a_word_is_a_member_as_any_other() {
        TagWindow window = new TagWindow();
        window.add(64);
        assertThat(window.contains(64)).isTrue();
        assertThat(window.floor(64)).isEqualTo(64);
        assertThat(window.floor(1_000)).isEqualTo(64);
        assertThat(window.next(0)).isEqualTo(64);
        assertThat(window.floor(63)).isEqualTo(-1);
        assertThat(window.next(65)).isEqualTo(-1);
    }

    @Test
    void behind_a_full_ring_there_is_nothing_although_its_bits_begin_again_there() {
        TagWindow window = new TagWindow();
        for (long tag = 0; tag < 256; tag++) {
            window.add(tag);
        }
        assertThat(window.words()).as("it is full exactly").isEqualTo(4);
        assertThat(window.contains(256)).isFalse();
        assertThat(window.next(256)).isEqualTo(-1);
        assertThat(window.floor(256)).isEqualTo(255);
        assertThat(window.remove(256)).isFalse();
        assertThat(window.size()).isEqualTo(256);
    }

    @Test
    void one_below_all_others_keeps_them_also_when_the_ring_must_grow_for_it() {
        TagWindow window = new TagWindow();
        for (long tag = 200; tag < 400; tag++) {
            window.add(tag);
        }
        assertThat(window.words()).isEqualTo(4);
        window.add(100);
        assertThat(window.contains(100)).isTrue();
        assertThat(window.next(101)).isEqualTo(200);
        for (long tag = 200; tag < 400; tag++) {
            assertThat(window.contains(tag)).as("tag %d", tag).isTrue();
        }
        assertThat(window.words()).as("400 tags from 64 on").isEqualTo(8);
    }

    @Test
    void what_was_cleared_does_not_come_back_with_the_next() {
        TagWindow window = new TagWindow();
        window.add(7);
        window.clear();
        assertThat(window.size()).isZero();
        assertThat(window.contains(7)).isFalse();
        assertThat(window.floor(Long.MAX_VALUE)).isEqualTo(-1);
        window.add(5);
        assertThat(window.next(0)).as("only what came after").isEqualTo(5);
    }
}
