package io.evenkeel.demo.rsocket;

import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Plays scenarios with every contender, one after another, and prints what each reached. */
final class ScenarioTable {
    private final Scenario scenario;
    private final Map<Contender, List<Figure>> columns = new LinkedHashMap<>();

    private ScenarioTable(Scenario scenario) {
        this.scenario = scenario;
    }

    /** Plays one scenario with each of them in turn. */
    static ScenarioTable play(Scenario scenario, Collection<Contender> contenders)
            throws IOException, InterruptedException {
        ScenarioTable table = new ScenarioTable(scenario);
        for (Contender contender : contenders) {
            table.columns.put(contender, scenario.play(contender));
        }
        return table;
    }

    void print(PrintStream out) {
        StringBuilder head = new StringBuilder(String.format("%n%-52s", scenario.title()));
        columns.keySet().forEach(contender -> head.append(String.format(" %26s", contender.title())));
        out.println(head);
        List<String> remarks = new ArrayList<>();
        List<Figure> first = columns.values().iterator().next();
        for (Figure named : first) {
            StringBuilder row = new StringBuilder(String.format("  %-50s", named.what()));
            columns.forEach((contender, figures) -> {
                Figure figure = figures.stream()
                        .filter(candidate -> candidate.what().equals(named.what()))
                        .findFirst()
                        .orElseThrow();
                row.append(String.format(" %26s", figure.text()));
                if (!figure.remark().isEmpty()) {
                    remarks.add(contender.title() + ": " + figure.text() + " " + figure.remark());
                }
            });
            out.println(row);
        }
        remarks.forEach(remark -> out.println("    " + remark));
    }
}
