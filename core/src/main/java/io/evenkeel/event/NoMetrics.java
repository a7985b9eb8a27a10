package io.evenkeel.event;

/** Records nothing. */
enum NoMetrics implements MetricsRecorder {
    INSTANCE
}
