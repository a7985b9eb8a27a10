package io.evenkeel.amqp;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Every way to settle what up to three epochs delivered, one of them back on the raw channel of the first. */
class DeliveryTagsTest {

    private final FakeCluster cluster = new FakeCluster();

    private RawChannel raw(String broker) throws IOException {
        FakeConnection connection = new FakeConnection(cluster, FakeCluster.broker(broker));
        return new RawChannel(new Link(FakeCluster.broker(broker), connection), connection.createChannel(), () -> {});
    }

    /** A world of epochs with the tags that the application saw, and what is settled at which broker. */
    private final class World {
        final RawChannel a = raw("a");
        final RawChannel b = raw("b");
        final DeliveryTags tags = new DeliveryTags(a);
        final List<String> brokerOf = new ArrayList<>(List.of("none"));
        final TreeSet<Long> open = new TreeSet<>();
        boolean refused;

        World(int first, int second, int third) throws IOException {
            deliver(a, 0, first);
            tags.begin(b);
            deliver(b, 0, second);
            tags.begin(a);
            deliver(a, first, third);
        }

        private void deliver(RawChannel raw, int before, int count) {
            for (int i = 1; i <= count; i++) {
                long rawTag = before + i;
                raw.delivered(rawTag, false);
                long seen = tags.current().toVirtual(rawTag);
                assertThat(seen).isEqualTo(brokerOf.size());
                brokerOf.add((raw == a ? "a" : "b") + rawTag);
                open.add(seen);
            }
        }

        void settle(long tag, boolean multiple) throws IOException {
            tags.settle(
                    tag,
                    multiple,
                    (raw, rawTag, all) -> raw.settle(rawTag, all, (channel, t, m) -> {
                        // As a broker: what is not open can't be settled.
                        String broker = raw == a ? "a" : "b";
                        List<Long> settled = new ArrayList<>();
                        for (long seen : open) {
                            String at = brokerOf.get((int) seen);
                            long number = Long.parseLong(at.substring(1));
                            if (at.startsWith(broker) && (number == t || (m && (t == 0 || number < t)))) {
                                settled.add(seen);
                            }
                        }
                        boolean known = (t == 0 && m)
                                || settled.stream()
                                        .anyMatch(seen ->
                                                brokerOf.get(seen.intValue()).equals(broker + t));
                        refused |= !known;
                        if (known) {
                            open.removeAll(settled);
                        }
                    }));
        }
    }

    @Test
    void two_settlements_in_any_order_settle_what_a_single_channel_would() throws IOException {
        for (int shape = 0; shape < 64; shape++) {
            int first = shape & 3;
            int second = (shape >> 2) & 3;
            int third = shape >> 4;
            int all = first + second + third;
            for (int one = 0; one < 2 * (all + 2); one++) {
                for (int two = 0; two < 2 * (all + 2); two++) {
                    check(new World(first, second, third), all, one, two);
                }
            }
        }
    }

    private static void check(World world, int all, int... steps) throws IOException {
        TreeSet<Long> model = new TreeSet<>();
        for (long tag = 1; tag <= all; tag++) {
            model.add(tag);
        }
        for (int step : steps) {
            long tag = step / 2;
            boolean multiple = step % 2 == 1;
            boolean known = (tag == 0 && multiple) || model.contains(tag);
            String what =
                    "tag " + tag + (multiple ? " and all before" : "") + " of " + world.brokerOf + ", open " + model;
            world.refused = false;
            world.settle(tag, multiple);
            assertThat(world.refused).as(what + " is refused").isEqualTo(!known);
            if (!known) {
                // The broker has closed the channel.
                return;
            }
            if (multiple) {
                model.headSet(tag == 0 ? Long.MAX_VALUE : tag, true).clear();
            } else {
                model.remove(tag);
            }
            assertThat(world.open).as(what).isEqualTo(model);
        }
    }

    @Test
    void a_get_counts_and_so_does_what_is_acknowledged_automatically() throws IOException {
        RawChannel a = raw("a");
        DeliveryTags tags = new DeliveryTags(a);
        a.delivered(1, true);
        a.delivered(2, true);
        tags.begin(raw("b"));
        assertThat(tags.current().toVirtual(1)).isEqualTo(3);
        assertThat(a.unsettled()).isZero();
    }

    @Test
    void what_a_lost_connection_delivered_is_dropped_and_the_rest_is_not() throws IOException {
        RawChannel a = raw("a");
        RawChannel b = raw("b");
        DeliveryTags tags = new DeliveryTags(a);
        a.delivered(1, false);
        a.delivered(2, false);
        a.lose();
        tags.beginAfterLoss(b);
        b.delivered(1, false);
        List<String> settled = new ArrayList<>();
        tags.settle(2, false, (raw, tag, all) -> settled.add("lost " + tag));
        tags.settle(3, true, (raw, tag, all) -> settled.add(raw == b ? "b " + tag : "lost " + tag));
        assertThat(settled).containsExactly("b 1");
    }

    @Test
    void a_tag_of_an_epoch_that_is_forgotten_is_unknown_to_the_broker() throws IOException {
        RawChannel a = raw("a");
        DeliveryTags tags = new DeliveryTags(a);
        a.delivered(1, false);
        RawChannel b = raw("b");
        tags.begin(b);
        tags.forget(a, false);
        List<Long> settled = new ArrayList<>();
        tags.settle(1, false, (raw, tag, all) -> settled.add(tag));
        assertThat(settled).containsExactly(DeliveryTags.UNKNOWN);
        assertThat(tags.epochs()).isEqualTo(1);
    }

    @Test
    void a_delivery_that_waited_while_its_connection_was_lost_gets_no_tag() throws IOException {
        RawChannel a = raw("a");
        a.delivered(1, false);
        a.lose();
        assertThat(a.delivered(2, false)).isFalse();
        assertThat(a.lastTag()).isEqualTo(1);
    }

    @Test
    void one_that_is_acknowledged_automatically_is_handled_all_the_same_and_its_number_does_not_come_again()
            throws IOException {
        RawChannel a = raw("a");
        DeliveryTags tags = new DeliveryTags(a);
        a.delivered(1, true);
        a.lose();
        a.delivered(2, true);
        tags.beginAfterLoss(raw("b"));
        assertThat(tags.current().toVirtual(1)).isEqualTo(3);
    }
}
