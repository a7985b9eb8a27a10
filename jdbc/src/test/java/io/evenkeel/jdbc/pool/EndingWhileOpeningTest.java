package io.evenkeel.jdbc.pool;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** What is established just as its pool or its Pod ends must end, too; each repetition ends at another moment. */
@Timeout(60)
@ParameterizedClass
@EnumSource(Engine.class)
class EndingWhileOpeningTest {
    @Parameter
    Engine engine;

    private static final int SEATS = 4;
    private static final Duration LONG = Duration.ofSeconds(20);

    @RepeatedTest(150)
    void close_does_not_wait_for_a_connection_that_nobody_uses(RepetitionInfo round) {
        Fixture fixture = opening(round);
        assertThat(fixture.pool.close(LONG)).as("all were returned in time").isTrue();
        assertThat(fixture.total).hasValue(0);
    }

    @RepeatedTest(150)
    void leave_keeps_no_connection_that_nobody_uses(RepetitionInfo round) {
        try (Fixture fixture = opening(round)) {
            fixture.pool.leave(Fixture.key(1));
            Fixture.until(() -> fixture.total.get() == 0, fixture.pool::toString);
        }
    }

    /** Some connections are there, the others are being established. */
    private Fixture opening(RepetitionInfo round) {
        Fixture fixture = engine.fixture(SEATS, SEATS, LONG).pod(1, 0);
        for (int i = 0; i < SEATS; i++) {
            fixture.pool.open(Fixture.key(1), outcome -> {});
        }
        int there = round.getCurrentRepetition() % (SEATS + 1);
        Fixture.until(() -> fixture.total.get() >= there);
        return fixture;
    }
}
