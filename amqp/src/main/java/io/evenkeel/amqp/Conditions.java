package io.evenkeel.amqp;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Makes what threads wait on: conditions of their locks, or of a simulation that says who goes on, and when. */
@FunctionalInterface
interface Conditions {

    Condition of(ReentrantLock lock);
}
