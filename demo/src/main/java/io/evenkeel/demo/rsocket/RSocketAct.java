package io.evenkeel.demo.rsocket;

import io.evenkeel.demo.Act;
import io.evenkeel.demo.ActUnavailableException;
import java.io.IOException;
import java.io.PrintStream;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * The RSocket part of the demonstration. {@code --scenarios} plays those that are named after it, or all, with every
 * contender, and prints a table.
 */
public final class RSocketAct implements Act {
    private static final String SCENARIOS = "--scenarios";
    private static final List<Contender> CONTENDERS =
            List.of(Contender.EVENKEEL, Contender.ROUND_ROBIN, Contender.WEIGHTED);

    @Override
    public boolean play(List<String> arguments, PrintStream out) throws ActUnavailableException, InterruptedException {
        try {
            for (Scenario scenario : named(arguments)) {
                ScenarioTable.play(scenario, CONTENDERS).print(out);
            }
            return true;
        } catch (IOException e) {
            throw new ActUnavailableException(String.valueOf(e.getMessage()), e);
        }
    }

    private static Set<Scenario> named(List<String> arguments) {
        Set<Scenario> played = EnumSet.noneOf(Scenario.class);
        arguments.stream()
                .filter(name -> !name.equals(SCENARIOS))
                .map(Scenario::valueOf)
                .forEach(played::add);
        return played.isEmpty() ? EnumSet.allOf(Scenario.class) : played;
    }
}
