package io.evenkeel.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.source.SharedResources.Lease;
import org.junit.jupiter.api.Test;

class SharedResourcesTest {

    private final SharedResources shared = new SharedResources();
    private int made;

    private static final class Resource implements AutoCloseable {
        int closed;

        @Override
        public void close() {
            closed++;
        }
    }

    private Lease<Resource> lease(String key) {
        return shared.lease(Resource.class, key, () -> {
            made++;
            return new Resource();
        });
    }

    @Test
    void leases_of_one_key_share_and_the_last_one_closes() {
        Lease<Resource> first = lease("a");
        Lease<Resource> second = lease("a");
        Resource resource = first.resource();
        assertThat(second.resource()).isSameAs(resource);

        first.close();
        first.close();
        assertThat(resource.closed).as("given back twice counts once").isZero();
        second.close();
        assertThat(resource.closed).isOne();
        assertThat(made).isOne();
    }

    @Test
    void another_key_and_whoever_comes_after_the_last_get_their_own() {
        Lease<Resource> a = lease("a");
        Lease<Resource> b = lease("b");
        assertThat(b.resource()).isNotSameAs(a.resource());

        a.close();
        Lease<Resource> later = lease("a");
        assertThat(later.resource()).isNotSameAs(a.resource());
        assertThat(later.resource().closed).isZero();
        assertThat(made).isEqualTo(3);
    }

    @Test
    void a_resource_that_cannot_be_closed_says_so_once() {
        Lease<AutoCloseable> lease = shared.lease(AutoCloseable.class, "x", () -> () -> {
            throw new java.io.IOException("on purpose");
        });
        assertThatThrownBy(lease::close)
                .isInstanceOf(IllegalStateException.class)
                .hasRootCauseMessage("on purpose");
        lease.close();
    }
}
