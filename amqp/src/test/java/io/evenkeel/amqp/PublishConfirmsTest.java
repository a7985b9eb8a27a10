package io.evenkeel.amqp;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Every order in which two brokers can confirm what was published on each before and after a move. */
class PublishConfirmsTest {

    private final FakeCluster cluster = new FakeCluster();

    private RawChannel raw(String broker) throws IOException {
        cluster.holdConfirms = true;
        FakeConnection connection = new FakeConnection(cluster, FakeCluster.broker(broker));
        RawChannel raw =
                new RawChannel(new Link(FakeCluster.broker(broker), connection), connection.createChannel(), () -> {});
        raw.channel().confirmSelect();
        return raw;
    }

    private static void publish(RawChannel raw, int count) throws IOException {
        for (int i = 0; i < count; i++) {
            raw.channel().basicPublish("", "q", null, new byte[0]);
        }
    }

    /** One confirm: of which raw channel, which number, with all before. */
    private record Step(boolean first, long number, boolean multiple) {}

    private int runs;

    @Test
    void each_number_is_confirmed_once_and_none_that_is_not() throws IOException {
        for (int first = 0; first <= 3; first++) {
            for (int second = 0; second <= Math.min(3, 5 - first); second++) {
                explore(first, second, new ArrayList<>());
            }
        }
        assertThat(runs).isGreaterThan(1000);
    }

    private void explore(int first, int second, List<Step> steps) throws IOException {
        TreeSet<Long> openFirst = new TreeSet<>();
        TreeSet<Long> openSecond = new TreeSet<>();
        for (long n = 1; n <= first; n++) {
            openFirst.add(n);
        }
        for (long n = 1; n <= second; n++) {
            openSecond.add(n);
        }
        for (Step step : steps) {
            TreeSet<Long> open = step.first() ? openFirst : openSecond;
            if (step.multiple()) {
                open.headSet(step.number(), true).clear();
            } else {
                open.remove(step.number());
            }
        }
        if (openFirst.isEmpty() && openSecond.isEmpty()) {
            check(first, second, steps);
            return;
        }
        for (boolean which : new boolean[] {true, false}) {
            for (long number : which ? openFirst : openSecond) {
                for (boolean multiple : new boolean[] {true, false}) {
                    List<Step> more = new ArrayList<>(steps);
                    more.add(new Step(which, number, multiple));
                    explore(first, second, more);
                }
            }
        }
    }

    private void check(int first, int second, List<Step> steps) throws IOException {
        runs++;
        RawChannel a = raw("a");
        PublishConfirms confirms = new PublishConfirms(a);
        publish(a, first);
        RawChannel b = raw("b");
        long before = confirms.next();
        confirms.begin(b);
        assertThat(confirms.next())
                .as("the next number, over a move")
                .isEqualTo(before)
                .isEqualTo(first + 1);
        publish(b, second);
        TreeSet<Long> open = new TreeSet<>();
        for (long n = 1; n <= first + second; n++) {
            open.add(n);
        }
        for (Step step : steps) {
            RawChannel raw = step.first() ? a : b;
            TreeSet<Long> expected = new TreeSet<>();
            for (long n : raw.unconfirmedUpTo(step.number())) {
                if (step.multiple() || n == step.number()) {
                    expected.add(step.first() ? n : first + n);
                }
            }
            TreeSet<Long> told = new TreeSet<>();
            confirms.tell(raw, step.number(), step.multiple(), (number, all) -> {
                told.addAll(all ? open.headSet(number, true) : List.of(number));
            });
            raw.confirmed(step.number(), step.multiple());
            assertThat(told)
                    .as("told of %s, of %d and %d, after %s", step, first, second, steps)
                    .isEqualTo(expected);
            open.removeAll(told);
        }
        assertThat(open).isEmpty();
        assertThat(confirms.unconfirmed()).isZero();
    }

    @Test
    void going_back_to_the_first_broker_goes_on_counting() throws IOException {
        RawChannel a = raw("a");
        PublishConfirms confirms = new PublishConfirms(a);
        publish(a, 2);
        RawChannel b = raw("b");
        confirms.begin(b);
        publish(b, 1);
        confirms.begin(a);
        publish(a, 2);
        assertThat(confirms.next()).isEqualTo(6);
        List<String> told = new ArrayList<>();
        confirms.tell(a, 4, true, (number, all) -> told.add(number + (all ? " and all" : "")));
        assertThat(told).containsExactly("1", "2", "4", "5");
    }

    @Test
    void what_is_not_confirmed_is_counted_once_for_each_raw_channel_and_what_is_forgotten_not_at_all()
            throws IOException {
        RawChannel a = raw("a");
        PublishConfirms confirms = new PublishConfirms(a);
        publish(a, 2);
        RawChannel b = raw("b");
        confirms.begin(b);
        publish(b, 1);
        confirms.begin(a);
        publish(a, 3);
        assertThat(confirms.epochs()).isEqualTo(3);
        assertThat(confirms.unconfirmed()).isEqualTo(6);
        b.confirmed(1, false);
        confirms.forget(b);
        assertThat(confirms.epochs()).isEqualTo(2);
        assertThat(confirms.unconfirmed()).isEqualTo(5);
        List<String> told = new ArrayList<>();
        confirms.tell(a, 5, true, (number, all) -> told.add(number + (all ? " and all" : "")));
        assertThat(told).as("3 was published elsewhere").containsExactly("1", "2", "4", "5", "6");
    }

    @Test
    void an_epoch_of_which_everything_is_confirmed_is_forgotten_with_the_next() throws IOException {
        RawChannel a = raw("a");
        PublishConfirms confirms = new PublishConfirms(a);
        publish(a, 2);
        a.confirmed(2, true);
        confirms.begin(raw("b"));
        assertThat(confirms.epochs()).isEqualTo(1);
        assertThat(confirms.next()).isEqualTo(3);
    }

    private List<String> tell(PublishConfirms confirms, RawChannel raw, long number) throws IOException {
        List<String> told = new ArrayList<>();
        confirms.tell(raw, number, true, (of, all) -> told.add(of + (all ? " and all" : "")));
        raw.confirmed(number, true);
        return told;
    }

    @Test
    void a_confirm_of_many_stays_one_where_nothing_older_is_open() throws IOException {
        RawChannel a = raw("a");
        PublishConfirms confirms = new PublishConfirms(a);
        publish(a, 5);
        assertThat(confirms.unconfirmed()).isEqualTo(5);
        assertThat(tell(confirms, a, 2)).containsExactly("2 and all");
        assertThat(tell(confirms, a, 4)).containsExactly("4 and all");
        RawChannel b = raw("b");
        confirms.begin(b);
        publish(b, 4);
        assertThat(tell(confirms, b, 2)).as("while 5 is open").containsExactly("6", "7");
        a.confirmed(5, false);
        assertThat(confirms.epochs()).as("known until the next move").isEqualTo(2);
        assertThat(tell(confirms, b, 4)).containsExactly("9 and all");
        assertThat(confirms.unconfirmed()).isZero();
    }
}
