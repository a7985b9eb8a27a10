package io.evenkeel;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Young API: it works and is tested like the rest, but it may change or go in any minor version, which the changelog
 * then says. On a package it holds for every type in it, not for packages below. The build's comparison with the last
 * release passes over it.
 *
 * <p>What is not marked changes incompatibly only as the version number says, by Semantic Versioning.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.PACKAGE, ElementType.TYPE, ElementType.METHOD, ElementType.CONSTRUCTOR, ElementType.FIELD})
public @interface Experimental {}
