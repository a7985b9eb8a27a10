package io.evenkeel.amqp;

/** Whether a channel is transactional, and whether anything was published or settled in the open transaction. Thread-safe. */
final class ChannelTransaction {

    private volatile boolean selected;
    private volatile boolean dirty;

    void select() {
        selected = true;
    }

    boolean isSelected() {
        return selected;
    }

    /** Something joins the open transaction, if the channel is transactional. */
    void join() {
        if (selected) {
            dirty = true;
        }
    }

    /** It was committed or rolled back, or lost with its broker. */
    void ended() {
        dirty = false;
    }

    /** Nothing is in the open transaction. */
    boolean isEmpty() {
        return !selected || !dirty;
    }
}
