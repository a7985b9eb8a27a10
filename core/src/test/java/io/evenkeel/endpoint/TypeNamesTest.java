package io.evenkeel.endpoint;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TypeNamesTest {

    @Test
    void an_object_is_named_by_its_class() {
        assertThat(TypeNames.of("text")).isEqualTo("java.lang.String");
    }

    @Test
    void a_lambda_is_named_by_the_class_that_has_it() {
        Runnable lambda = () -> {};
        assertThat(TypeNames.of(lambda)).isEqualTo("a lambda of " + TypeNamesTest.class.getName());
    }
}
