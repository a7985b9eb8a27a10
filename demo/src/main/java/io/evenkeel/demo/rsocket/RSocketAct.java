package io.evenkeel.demo.rsocket;

import io.evenkeel.demo.Act;
import io.evenkeel.demo.ActUnavailableException;
import java.io.IOException;
import java.io.PrintStream;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * The RSocket part of the demonstration: Evenkeel beside rsocket-java's own load balancer, over real servers. With
 * {@code --scenarios} it plays those that are named after it, or all, with every contender, and prints a table; that
 * takes up to seven minutes.
 */
public final class RSocketAct implements Act {
    private static final String SCENARIOS = "--scenarios";
    private static final List<Contender> CONTENDERS =
            List.of(Contender.EVENKEEL, Contender.ROUND_ROBIN, Contender.WEIGHTED);

    @Override
    public boolean play(List<String> arguments, PrintStream out) throws ActUnavailableException, InterruptedException {
        try {
            return arguments.contains(SCENARIOS) ? playScenarios(arguments, out) : playShow(out);
        } catch (IOException e) {
            throw new ActUnavailableException(String.valueOf(e.getMessage()), e);
        }
    }

    private static boolean playShow(PrintStream out) throws IOException, InterruptedException {
        try (Show show = Show.begin(CONTENDERS, out)) {
            return show.play();
        }
    }

    private static boolean playScenarios(List<String> arguments, PrintStream out)
            throws IOException, InterruptedException {
        for (Contender contender : CONTENDERS) {
            Trial.warmUp(contender);
        }
        for (Scenario scenario : named(arguments)) {
            ScenarioTable.play(scenario, CONTENDERS).print(out);
        }
        return true;
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
