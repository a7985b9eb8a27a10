package io.evenkeel.demo.page;

import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.function.Function;

/**
 * Servers of one protocol and two clients beside each other, under a steady load. {@link #pods()} and {@link #sides()}
 * may be asked from any thread; the verbs are called by one thread only, the {@link Director}'s.
 */
public interface Exhibit extends AutoCloseable {

    /**
     * The one with this name.
     *
     * @throws IllegalArgumentException if there is none
     */
    static <P> P named(String name, Collection<P> pods, Function<P, String> nameOf) {
        return pods.stream()
                .filter(pod -> nameOf.apply(pod).equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("pod: " + name + " (expected: one that exists)"));
    }

    /** How many Pods may exist at once. */
    int most();

    /** What the load consists of, in the plural: {@code queries}. */
    String unit();

    /** Those that exist, in the order of their creation. */
    List<PodView> pods();

    /** How both clients stand at this moment, in the order of the page. */
    List<Side> sides() throws IOException;

    /**
     * Starts a Pod and reports it ready.
     *
     * @return its name
     */
    String add() throws IOException;

    /** The Pod is deleted: no new work for it. It still runs. */
    void terminate(String pod) throws IOException;

    /** The end of its grace period. */
    void remove(String pod) throws IOException;

    /** It ends at once; the control plane says nothing to the clients. */
    void kill(String pod) throws IOException;

    /** The kubelet has noticed. */
    void reportNotReady(String pod) throws IOException;

    /** The container runs again at the same address, and is reported ready. */
    void restart(String pod) throws IOException;

    /** It answers nothing and closes nothing; the control plane doesn't notice. */
    void freeze(String pod) throws IOException;

    void resume(String pod) throws IOException;

    /** Ends the load, the clients and the servers. */
    @Override
    void close();
}
