package io.evenkeel.spring;

import io.evenkeel.jdbc.EvenkeelDataSourceBuilder;

/** A bean of this type changes the settings of every balanced data source, after the properties. */
@FunctionalInterface
public interface DataSourceCustomizer {

    /** @param beanName of the data source */
    void customize(String beanName, EvenkeelDataSourceBuilder builder);
}
