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

    /** What the brokers get, as "broker tag", with a "+" for all before it. */
    private final class Written implements DeliveryTags.Settlement {
        final List<String> frames = new ArrayList<>();

        @Override
        public void settle(RawChannel raw, long rawTag, boolean multiple) throws IOException {
            raw.settle(
                    rawTag,
                    multiple,
                    (channel, tag, all) -> frames.add(raw.link().endpoint().identity() + " " + tag + (all ? "+" : "")));
        }
    }

    private static void deliver(RawChannel raw, int count) {
        for (int i = 0; i < count; i++) {
            raw.delivered(raw.lastTag() + 1, false);
        }
    }

    @Test
    void what_is_held_back_of_an_older_epoch_is_not_written_a_second_time() throws IOException {
        RawChannel a = raw("a");
        RawChannel b = raw("b");
        DeliveryTags tags = new DeliveryTags(a);
        deliver(a, 2);
        tags.begin(b);
        deliver(b, 1);
        tags.begin(a);
        deliver(a, 4);
        Written written = new Written();
        a.holdAcks();
        tags.settle(4, true, written);
        tags.settle(6, true, written);
        tags.settle(7, false, written);
        assertThat(written.frames).as("to the other broker").containsExactly("b 1+");
        a.flushAcks();
        assertThat(written.frames).containsExactly("b 1+", "a 2+", "a 3+", "a 5+", "a 6");
        assertThat(a.unsettled()).isZero();
    }

    @Test
    void single_ones_that_are_held_back_leave_the_rest_of_an_older_epoch_to_be_settled() throws IOException {
        RawChannel a = raw("a");
        RawChannel b = raw("b");
        DeliveryTags tags = new DeliveryTags(a);
        deliver(a, 3);
        tags.begin(b);
        deliver(b, 1);
        tags.begin(a);
        deliver(a, 1);
        Written written = new Written();
        a.holdAcks();
        tags.settle(3, false, written);
        tags.settle(4, true, written);
        a.flushAcks();
        assertThat(written.frames).containsExactly("b 1+", "a 3", "a 2+");
        assertThat(a.unsettled()).as("5, of the last epoch").isEqualTo(1);
    }

    @Test
    void an_epoch_is_kept_as_long_as_one_of_its_own_tags_is_unsettled() throws IOException {
        RawChannel a = raw("a");
        RawChannel b = raw("b");
        DeliveryTags tags = new DeliveryTags(a);
        deliver(a, 2);
        tags.begin(b);
        assertThat(tags.epochs()).as("1 and 2 are unsettled").isEqualTo(2);
        deliver(b, 1);
        tags.begin(a);
        deliver(a, 1);
        tags.settle(4, false, new Written());
        tags.begin(raw("c"));
        assertThat(tags.epochs())
                .as("all but the last of a, of which 4 is settled")
                .isEqualTo(3);
        Written written = new Written();
        tags.settle(2, false, written);
        tags.settle(3, false, written);
        assertThat(written.frames).containsExactly("a 2", "b 1");
    }

    @Test
    void going_back_before_anything_was_delivered_elsewhere_goes_on_with_the_same_epoch() throws IOException {
        RawChannel a = raw("a");
        RawChannel b = raw("b");
        DeliveryTags tags = new DeliveryTags(a);
        deliver(a, 2);
        for (int i = 0; i < 100; i++) {
            tags.begin(b);
            tags.begin(a);
        }
        assertThat(tags.epochs()).isEqualTo(1);
        deliver(a, 1);
        Written written = new Written();
        tags.settle(3, true, written);
        assertThat(written.frames).containsExactly("a 3+");
    }

    @Test
    void going_back_after_something_was_settled_elsewhere_begins_another() throws IOException {
        RawChannel a = raw("a");
        RawChannel b = raw("b");
        DeliveryTags tags = new DeliveryTags(a);
        deliver(a, 2);
        tags.begin(b);
        deliver(b, 1);
        Written written = new Written();
        tags.settle(3, false, written);
        tags.begin(a);
        deliver(a, 1);
        assertThat(tags.epochs()).isEqualTo(2);
        assertThat(tags.shown(a, 2)).isEqualTo(2);
        assertThat(tags.shown(a, 3)).isEqualTo(4);
        tags.settle(4, false, written);
        tags.settle(2, false, written);
        assertThat(written.frames).containsExactly("b 1", "a 3", "a 2");
    }

    @Test
    void losses_without_a_delivery_between_leave_one_epoch() throws IOException {
        RawChannel last = raw("a");
        DeliveryTags tags = new DeliveryTags(last);
        for (int i = 0; i < 100; i++) {
            last.lose();
            last = raw("b");
            tags.beginAfterLoss(last);
        }
        assertThat(tags.epochs()).isEqualTo(1);
    }

    @Test
    void everything_is_settled_only_where_something_is_unsettled() throws IOException {
        RawChannel a = raw("a");
        RawChannel b = raw("b");
        RawChannel c = raw("c");
        DeliveryTags tags = new DeliveryTags(a);
        deliver(a, 1);
        tags.begin(b);
        deliver(b, 1);
        tags.begin(c);
        Written written = new Written();
        tags.settle(1, false, written);
        tags.settle(0, true, written);
        assertThat(written.frames).containsExactly("a 1", "b 0+", "c 0+");
    }

    @Test
    void what_another_connection_than_the_current_one_delivered_is_dropped_once_that_is_lost() throws IOException {
        RawChannel a = raw("a");
        RawChannel b = raw("b");
        DeliveryTags tags = new DeliveryTags(a);
        deliver(a, 2);
        tags.begin(b);
        deliver(b, 1);
        a.lose();
        tags.forget(a, true);
        Written written = new Written();
        tags.settle(1, false, written);
        tags.settle(2, true, written);
        assertThat(written.frames).as("of the lost one").isEmpty();
        tags.settle(3, false, written);
        tags.settle(4, false, written);
        assertThat(written.frames).containsExactly("b 1", "b 2");
    }

    @Test
    void only_the_epochs_of_the_raw_channel_that_is_gone_are_forgotten_and_never_the_current_one() throws IOException {
        RawChannel a = raw("a");
        RawChannel b = raw("b");
        DeliveryTags tags = new DeliveryTags(a);
        deliver(a, 1);
        tags.begin(b);
        deliver(b, 1);
        tags.begin(a);
        deliver(a, 1);
        tags.forget(b, true);
        assertThat(tags.epochs()).isEqualTo(2);
        Written written = new Written();
        tags.settle(2, false, written);
        tags.settle(1, false, written);
        tags.settle(3, false, written);
        assertThat(written.frames).containsExactly("a 1", "a 2");
        tags.forget(a, true);
        assertThat(tags.epochs()).isEqualTo(1);
        assertThat(tags.current().raw()).isSameAs(a);
        tags.settle(4, false, written);
        assertThat(written.frames).as("not dropped: this is the one in use").endsWith("a 3");
    }

    @Test
    void what_the_broker_complains_of_is_shown_by_the_number_that_the_application_used() throws IOException {
        RawChannel a = raw("a");
        RawChannel b = raw("b");
        DeliveryTags tags = new DeliveryTags(a);
        deliver(a, 2);
        tags.begin(b);
        deliver(b, 1);
        assertThat(tags.shown(a, 2)).isEqualTo(2);
        assertThat(tags.shown(b, 1)).isEqualTo(3);
        assertThat(tags.shown(raw("c"), 7))
                .as("of a channel that delivered nothing")
                .isEqualTo(7);
    }

    @Test
    void the_first_tag_that_belongs_to_nothing_is_the_one_that_the_broker_complains_of() throws IOException {
        RawChannel a = raw("a");
        RawChannel b = raw("b");
        DeliveryTags tags = new DeliveryTags(a);
        deliver(a, 2);
        Written written = new Written();
        tags.settle(2, true, written);
        tags.begin(b);
        tags.settle(2, false, written);
        tags.settle(1, false, written);
        assertThat(written.frames).containsExactly("a 2+", "b " + DeliveryTags.UNKNOWN, "b " + DeliveryTags.UNKNOWN);
        assertThat(tags.shown(b, DeliveryTags.UNKNOWN)).isEqualTo(2);
    }

    @Test
    void what_settles_exactly_up_to_an_older_epochs_last_tag_is_not_written_a_second_time_either() throws IOException {
        RawChannel a = raw("a");
        RawChannel b = raw("b");
        DeliveryTags tags = new DeliveryTags(a);
        deliver(a, 2);
        tags.begin(b);
        deliver(b, 1);
        tags.begin(a);
        deliver(a, 2);
        Written written = new Written();
        a.holdAcks();
        tags.settle(3, true, written);
        tags.settle(4, true, written);
        a.flushAcks();
        assertThat(written.frames).containsExactly("b 1+", "a 2+", "a 3+");
        assertThat(a.unsettled()).as("5").isEqualTo(1);
    }

    @Test
    void everything_that_is_held_back_at_once_leaves_nothing_of_an_older_epoch() throws IOException {
        RawChannel a = raw("a");
        RawChannel b = raw("b");
        DeliveryTags tags = new DeliveryTags(a);
        deliver(a, 2);
        tags.begin(b);
        deliver(b, 1);
        tags.begin(a);
        Written written = new Written();
        a.holdAcks();
        tags.settle(0, true, written);
        tags.settle(0, true, written);
        deliver(a, 2);
        tags.settle(4, true, written);
        a.flushAcks();
        assertThat(written.frames).containsExactly("b 0+", "a 2+", "a 3+");
        assertThat(a.unsettled()).as("5, which came after").isEqualTo(1);
    }

    @Test
    void a_thread_that_has_begun_an_epoch_keeps_no_other_from_it() throws Exception {
        DeliveryTags tags = new DeliveryTags(raw("a"));
        RawChannel b = raw("b");
        RawChannel c = raw("c");
        Thread first = new Thread(() -> tags.begin(b));
        first.start();
        first.join();
        Thread second = new Thread(() -> tags.begin(c));
        second.setDaemon(true);
        second.start();
        second.join(10_000);
        assertThat(tags.current().raw()).isSameAs(c);
    }
}
