package io.evenkeel.jdbc;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import io.evenkeel.ModuleRules;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** An adapter knows core and its own library, and no other adapter. */
class OneWayFlowTest implements ModuleRules {

    private static final JavaClasses JDBC = ModuleRules.mainClassesIn("io.evenkeel.jdbc");

    @Override
    public JavaClasses module() {
        return JDBC;
    }

    /**
     * A Pod and its seats, in each of the two engines; a URL and what its driver's family reads of it; a socket and its two
     * streams; a data source, its builder and what runs beneath; the handles of JDBC, each of which leads to its connection
     * and to what it opened.
     */
    @Override
    public int classCycles() {
        return 6;
    }

    /** The handles. */
    @Override
    public int largestClassCycle() {
        return 8;
    }

    /** Spring's scoped and refreshed beans are proxies by CGLIB. */
    @Override
    public Set<String> mayBeProxied() {
        return Set.of(EvenkeelDataSource.class.getName());
    }

    @Test
    void the_adapter_knows_core_and_no_other_module() {
        ModuleRules.knowNothingOfOursButCoreAnd("io.evenkeel.jdbc..").check(JDBC);
    }

    @Test
    void the_handles_and_the_drivers_know_nothing_of_the_pool() {
        for (String room : List.of("io.evenkeel.jdbc.handle", "io.evenkeel.jdbc.driver")) {
            noClasses()
                    .that()
                    .resideInAPackage(room)
                    .should()
                    .dependOnClassesThat(resideInAPackage("io.evenkeel.jdbc..").and(resideOutsideOfPackage(room)))
                    .check(JDBC);
        }
    }

    @Test
    void the_pool_knows_the_handles_and_the_drivers_only_and_the_two_engines_meet_above() {
        noClasses()
                .that()
                .resideInAPackage("io.evenkeel.jdbc.pool")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.evenkeel.jdbc", "io.evenkeel.jdbc.hikari")
                .check(JDBC);
        noClasses()
                .that()
                .resideInAPackage("io.evenkeel.jdbc.hikari")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.evenkeel.jdbc")
                .check(JDBC);
    }

    @Test
    void the_adapter_needs_no_library_but_hikari_and_optionally_a_driver() {
        ModuleRules.needNoLibraryBut(
                        "javax.sql..",
                        "javax.net..",
                        "javax.management..",
                        "com.zaxxer.hikari..",
                        "org.postgresql..",
                        "com.mysql.cj..",
                        "org.mariadb.jdbc..")
                .check(JDBC);
    }
}
