@NullMarked
package io.evenkeel.demo.page;

import org.jspecify.annotations.NullMarked;
