package io.evenkeel.demo.page;

import io.evenkeel.demo.page.PodView.State;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/** Pods without servers, and a list of what was done to them. */
final class FakeExhibit implements Exhibit {
    private final Map<String, State> pods = new LinkedHashMap<>();
    final List<String> done = new CopyOnWriteArrayList<>();
    private final int most;
    private int started;
    /** What the next verb fails with, or empty. */
    String failure = "";
    /** Whether a verb that fails has its effect. */
    boolean struckAllTheSame;

    volatile boolean closed;

    FakeExhibit(int pods, int most) {
        this.most = most;
        for (int i = 0; i < pods; i++) {
            start();
        }
    }

    private synchronized String start() {
        String name = "pod-" + started++;
        pods.put(name, State.READY);
        return name;
    }

    private synchronized void change(String verb, String pod, State state) throws IOException {
        done.add(verb + " " + pod);
        if (!failure.isEmpty()) {
            String message = failure;
            failure = "";
            if (struckAllTheSame) {
                pods.put(pod, state);
            }
            throw new IOException(message);
        }
        pods.put(pod, state);
    }

    @Override
    public int most() {
        return most;
    }

    @Override
    public String unit() {
        return "requests";
    }

    @Override
    public synchronized List<PodView> pods() {
        List<PodView> views = new ArrayList<>();
        pods.forEach((name, state) -> views.add(new PodView(name, state)));
        return views;
    }

    @Override
    public List<Side> sides() {
        return List.of(new Side(Side.Key.EVENKEEL, "Evenkeel", 10, 0, Double.NaN, Map.of(), Map.of()));
    }

    @Override
    public String add() throws IOException {
        String name = start();
        done.add("add " + name);
        return name;
    }

    @Override
    public void terminate(String pod) throws IOException {
        change("terminate", pod, State.TERMINATING);
    }

    @Override
    public synchronized void remove(String pod) throws IOException {
        change("remove", pod, State.TERMINATING);
        pods.remove(pod);
    }

    @Override
    public void kill(String pod) throws IOException {
        change("kill", pod, State.KILLED);
    }

    @Override
    public void reportNotReady(String pod) throws IOException {
        change("report not ready", pod, State.NOT_READY);
    }

    @Override
    public void restart(String pod) throws IOException {
        change("restart", pod, State.READY);
    }

    @Override
    public void freeze(String pod) throws IOException {
        change("freeze", pod, State.FROZEN);
    }

    @Override
    public void resume(String pod) throws IOException {
        change("resume", pod, State.READY);
    }

    @Override
    public void close() {
        closed = true;
    }
}
