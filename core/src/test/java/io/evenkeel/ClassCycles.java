package io.evenkeel;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The cycles of a module's classes: the strongly connected components of more than one class in the graph of who depends on
 * whom, nested classes counted as their outermost one (Tarjan 1972).
 */
public final class ClassCycles {

    private final Map<String, SortedSet<String>> edges;
    private final Map<String, Integer> index = new HashMap<>();
    private final Map<String, Integer> low = new HashMap<>();
    private final Deque<String> stack = new ArrayDeque<>();
    private final Set<String> onStack = new HashSet<>();
    private final List<SortedSet<String>> components = new ArrayList<>();

    private ClassCycles(Map<String, SortedSet<String>> edges) {
        this.edges = edges;
    }

    /** The cycles, largest first. */
    public static List<SortedSet<String>> in(JavaClasses classes) {
        Map<String, SortedSet<String>> edges = new TreeMap<>();
        for (JavaClass from : classes) {
            edges.computeIfAbsent(outermost(from), any -> new TreeSet<>());
        }
        for (JavaClass from : classes) {
            for (Dependency dependency : from.getDirectDependenciesFromSelf()) {
                String to = outermost(dependency.getTargetClass().getBaseComponentType());
                if (edges.containsKey(to) && !to.equals(outermost(from))) {
                    edges.get(outermost(from)).add(to);
                }
            }
        }
        ClassCycles cycles = new ClassCycles(edges);
        edges.keySet().forEach(cycles::visit);
        cycles.components.sort(Comparator.comparingInt(SortedSet<String>::size).reversed());
        return cycles.components;
    }

    private static String outermost(JavaClass type) {
        String name = type.getName();
        int nested = name.indexOf('$');
        return nested < 0 ? name : name.substring(0, nested);
    }

    private void visit(String node) {
        if (index.containsKey(node)) {
            return;
        }
        index.put(node, index.size());
        low.put(node, index.get(node));
        stack.push(node);
        onStack.add(node);
        for (String next : edges.get(node)) {
            if (!index.containsKey(next)) {
                visit(next);
                low.merge(node, low.get(next), Math::min);
            } else if (onStack.contains(next)) {
                low.merge(node, index.get(next), Math::min);
            }
        }
        if (low.get(node).equals(index.get(node))) {
            take(node);
        }
    }

    private void take(String root) {
        SortedSet<String> component = new TreeSet<>();
        String node;
        do {
            node = stack.pop();
            onStack.remove(node);
            component.add(node.substring(node.lastIndexOf('.') + 1));
        } while (!node.equals(root));
        if (component.size() > 1) {
            components.add(component);
        }
    }
}
