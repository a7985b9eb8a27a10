package io.evenkeel.spring;

import io.evenkeel.jdbc.EvenkeelDataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.BeanNotOfRequiredTypeException;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Explains why a bean that was declared as a HikariDataSource is none any more. */
final class HikariTypeFailureAnalyzer extends AbstractFailureAnalyzer<BeanNotOfRequiredTypeException> {

    @Override
    protected @Nullable FailureAnalysis analyze(Throwable root, BeanNotOfRequiredTypeException mismatch) {
        Class<?> actual = mismatch.getActualType();
        if (actual != EvenkeelDataSource.class && actual != RefreshScopedDataSource.class) {
            return null;
        }
        String bean = mismatch.getBeanName();
        return new FailureAnalysis(
                "The bean '" + bean + "' is injected as "
                        + mismatch.getRequiredType().getName()
                        + ", but Evenkeel has replaced it by a balanced data source.",
                "Inject javax.sql.DataSource, or exclude this bean with evenkeel.datasource.exclude=" + bean + ".",
                mismatch);
    }
}
