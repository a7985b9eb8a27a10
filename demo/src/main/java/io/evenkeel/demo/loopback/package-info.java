/** Where servers listen that stand for Pods: on loopback addresses of this machine, and nowhere else. */
@NullMarked
package io.evenkeel.demo.loopback;

import org.jspecify.annotations.NullMarked;
