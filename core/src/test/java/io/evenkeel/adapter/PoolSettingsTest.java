package io.evenkeel.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.balance.RebalancerConfig;
import io.evenkeel.endpoint.InvalidTargetException;
import io.evenkeel.endpoint.Target;
import io.evenkeel.spi.SeatPolicy;
import java.time.Duration;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PoolSettingsTest {

    private static PoolSettings settings() {
        return PoolSettings.create().target("k8s:///pg.default:5432").target("static:///10.0.0.1:5432");
    }

    private static PoolConfig config(PoolSettings settings) {
        return settings.toConfig(SeatPolicy.budgeted(1));
    }

    @Test
    void defaults_are_those_that_the_setters_document() {
        PoolConfig config = config(settings());
        RebalancerConfig balance = config.balance();
        assertThat(config.name()).isEqualTo("10.0.0.1");
        assertThat(config.jmx()).isTrue();
        assertThat(config.closeTimeout()).hasSeconds(10);
        assertThat(balance.clientId()).isEqualTo(ClientId.ofThisProcess());
        assertThat(balance.moveWindow()).hasSeconds(8);
        assertThat(balance.moveDeadline()).hasSeconds(30);
        assertThat(balance.drainDeadline()).hasSeconds(25);
        assertThat(balance.drainSpread()).hasSeconds(5);
        assertThat(balance.maxConnectionAge()).hasMinutes(30);
        assertThat(balance.slowStart()).isZero();
        assertThat(balance.surge()).isZero();
        assertThat(config(PoolSettings.movingWhole().target("static:///10.0.0.1:1"))
                        .balance()
                        .surge())
                .isOne();
    }

    /** A setting that was never set is not the reason for a refusal: its default follows those that were. */
    @ParameterizedTest
    @CsvSource({"PT3S,,PT3S,PT3S", ",PT40S,PT40S,PT40S", "PT3S,PT1S,PT3S,PT1S", "PT60S,,PT60S,PT5S", ",PT0S,PT25S,PT0S"
    })
    void the_drain_spread_and_the_drain_deadline_follow_each_other(
            Duration deadlineSet, Duration spreadSet, Duration deadline, Duration spread) {
        PoolSettings settings = settings();
        if (deadlineSet != null) {
            settings.drainDeadline(deadlineSet);
        }
        if (spreadSet != null) {
            settings.drainSpread(spreadSet);
        }
        RebalancerConfig balance = config(settings).balance();
        assertThat(balance.drainDeadline()).isEqualTo(deadline);
        assertThat(balance.drainSpread()).isEqualTo(spread);
    }

    @Test
    void contradicting_settings_are_refused_in_either_order() {
        String expected = "drainSpread: PT10S (expected: at most the drain deadline, PT3S)";
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        config(settings().drainDeadline(Duration.ofSeconds(3)).drainSpread(Duration.ofSeconds(10))))
                .withMessage(expected);
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        config(settings().drainSpread(Duration.ofSeconds(10)).drainDeadline(Duration.ofSeconds(3))))
                .withMessage(expected);
    }

    @Test
    void a_value_out_of_its_bounds_is_refused_by_its_setter_and_changes_nothing() {
        refused("moveWindow: PT-1S", settings -> settings.moveWindow(Duration.ofSeconds(-1)));
        refused("moveWindow: PT9000H", settings -> settings.moveWindow(Duration.ofHours(9000)));
        refused("moveDeadline: PT0S", settings -> settings.moveDeadline(Duration.ZERO));
        refused("drainDeadline: PT0S", settings -> settings.drainDeadline(Duration.ZERO));
        refused("drainSpread: PT-1S", settings -> settings.drainSpread(Duration.ofSeconds(-1)));
        refused("maxConnectionAge: PT-1S", settings -> settings.maxConnectionAge(Duration.ofSeconds(-1)));
        refused("slowStart: PT-1S", settings -> settings.slowStart(Duration.ofSeconds(-1)));
        refused("closeTimeout: PT-1S", settings -> settings.closeTimeout(Duration.ofSeconds(-1)));
        refused("surge: 2", settings -> settings.surge(2));
        refused("name: \" \"", settings -> settings.name(" "));
        refused("clientId: \"\"", settings -> settings.clientId(""));
        refused("zone: \"\"", settings -> settings.zone(""));
        refused("node: \" \"", settings -> settings.node(" "));
        refused(
                "weightHysteresis: 1.0",
                settings -> settings.balance(balance -> balance.surge(1).weightHysteresis(1)));
        refused(
                "holdDownMax: PT1S",
                settings ->
                        settings.balance(balance -> balance.holdDown(Duration.ofSeconds(2), Duration.ofSeconds(1))));
    }

    private static void refused(String beginning, Consumer<PoolSettings> change) {
        PoolSettings settings = settings();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> change.accept(settings))
                .withMessageStartingWith(beginning)
                .withMessageContaining("(expected: ");
        assertThat(config(settings)).isEqualTo(config(settings()));
    }

    @Test
    void where_connections_move_as_a_whole_the_new_one_comes_first() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PoolSettings.movingWhole().surge(0))
                .withMessageStartingWith("surge: 0 (expected: 1;");
    }

    @Test
    void a_copy_has_the_same_values_and_then_its_own() {
        PoolSettings settings =
                settings().name("orders").moveWindow(Duration.ofSeconds(1)).jmx(false);
        PoolSettings copy = settings.copy();
        assertThat(config(copy)).isEqualTo(config(settings));
        copy.moveWindow(Duration.ofSeconds(2)).name("other");
        assertThat(config(settings).balance().moveWindow()).hasSeconds(1);
        assertThat(config(settings).name()).isEqualTo("orders");
    }

    @Test
    void what_an_adapter_derives_counts_only_where_nothing_was_set() {
        PoolConfig derived = config(PoolSettings.create()
                .orTarget(() -> Target.parse("static:///10.0.0.9:1"))
                .orName("template")
                .orMaxConnectionAge(Duration.ofMinutes(24)));
        assertThat(derived.target()).hasToString("static:///10.0.0.9:1");
        assertThat(derived.name()).isEqualTo("template");
        assertThat(derived.balance().maxConnectionAge()).hasMinutes(24);
        PoolConfig set = config(settings()
                .name("set")
                .maxConnectionAge(Duration.ZERO)
                .orTarget(() -> {
                    throw new AssertionError("a target is set");
                })
                .orName("template")
                .orMaxConnectionAge(Duration.ofMinutes(24)));
        assertThat(set.name()).isEqualTo("set");
        assertThat(set.balance().maxConnectionAge()).isZero();
    }

    @Test
    void the_status_shows_listeners_and_recorders_by_names_that_people_know() {
        assertThat(config(settings()).settings())
                .containsEntry("listener", "none")
                .containsEntry("metrics", "none");
        assertThat(config(settings().listener(event -> {})).settings())
                .containsEntry("listener", "a lambda of " + PoolSettingsTest.class.getName());
    }

    @Test
    void a_missing_target_and_an_unknown_scheme_are_refused_before_anything_starts() {
        assertThatThrownBy(() -> config(PoolSettings.create()))
                .isInstanceOf(InvalidTargetException.class)
                .hasMessageStartingWith("target: null (expected: ");
        assertThatThrownBy(() -> config(PoolSettings.create().target("nowhere:///x")))
                .isInstanceOf(InvalidTargetException.class)
                .hasMessageContaining("nowhere")
                .hasMessageContaining("expected: one of");
        assertThatThrownBy(() -> PoolSettings.create().target("pg:5432"))
                .isInstanceOf(InvalidTargetException.class)
                .hasMessageStartingWith("target: \"pg:5432\" (expected: ");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "postgresql://app:s3cret@pg:5432/orders?x=1",
                "postgresql://app:s3@cret@pg:5432",
                "pg:5432?password=s3cret"
            })
    void a_refused_target_does_not_repeat_credentials(String text) {
        assertThatThrownBy(() -> config(PoolSettings.create().target(text)))
                .isInstanceOf(InvalidTargetException.class)
                .satisfies(failure -> assertThat(failure.toString()).doesNotContain("cret"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ' ',
            value = {
                "k8s:///pg.default:5432 pg",
                "k8s:///pg pg",
                "k8s://staging/pg.default:postgres pg",
                "dns:///pg-headless.default.svc:5432 pg-headless",
                "dns:///_postgres._tcp.pg-headless.default.svc pg-headless",
                "static:///10.0.0.1:5432,10.0.0.2:5432 10.0.0.1",
                "static:///[fd00::1]:5432 fd00::1",
                "file:///etc/evenkeel/pg.json pg",
                "file:///pg pg",
                "fallback:///k8s:///pg.default:5432|snapshot:///var/cache/app/x.json pg",
                "other:///:1 :1"
            })
    void the_default_name_is_short(String target, String name) {
        assertThat(TargetName.of(Target.parse(target))).isEqualTo(name);
    }
}
