/**
 * The live page of the demonstration: exhibits of one protocol each, what a viewer may do to their Pods, and a small
 * server on loopback that shows them.
 */
@NullMarked
package io.evenkeel.demo.page;

import org.jspecify.annotations.NullMarked;
