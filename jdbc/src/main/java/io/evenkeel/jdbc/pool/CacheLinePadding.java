package io.evenkeel.jdbc.pool;

/**
 * Keeps the fields of a subclass away from what the JVM puts before the object, by two cache lines, since processors
 * fetch them in pairs. Away from what comes after it they are kept by a last subclass that has nothing but padding:
 * HotSpot lays out a class after its superclass, but within a class it puts references last, after any padding.
 *
 * <p>The {@code int} fills the gap of four bytes that most object headers leave. Without it HotSpot would put the
 * first small field of a subclass there, before the padding.
 */
@SuppressWarnings("unused")
public abstract class CacheLinePadding {
    private int gap;
    private long p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, p12, p13, p14, p15;

    protected CacheLinePadding() {}
}
