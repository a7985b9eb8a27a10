package io.evenkeel.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointSet;
import io.evenkeel.endpoint.HostSyntax;
import io.evenkeel.endpoint.InputMutator;
import io.evenkeel.kubernetes.ApiObject.WatchEvent;
import java.io.IOException;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Whoever may write EndpointSlices, or stands between us and the API server, may be wrong or hostile. */
class SliceFuzzTest {

    private static final int INPUTS = Integer.getInteger("evenkeel.test.inputs", 30_000);
    private static final long SEED = Long.getLong("evenkeel.test.seed", 20261128L);

    private static final List<String> SAMPLES = List.of(
            "{\"type\":\"ADDED\",\"object\":{\"kind\":\"EndpointSlice\",\"metadata\":{\"name\":\"pg-a\",\"resourceVersion\":"
                    + "\"5\"},\"addressType\":\"IPv4\",\"endpoints\":[{\"addresses\":[\"10.0.0.1\"],\"conditions\":{\"ready\":true},"
                    + "\"targetRef\":{\"name\":\"pg-0\",\"uid\":\"u-0\"},\"nodeName\":\"n\",\"zone\":\"z\",\"hints\":{\"forZones\":"
                    + "[{\"name\":\"z\"}]}}],\"ports\":[{\"name\":\"pg\",\"port\":5432,\"protocol\":\"TCP\"}]}}",
            "{\"type\":\"MODIFIED\",\"object\":{\"metadata\":{\"name\":\"pg-b\"},\"addressType\":\"FQDN\",\"endpoints\":"
                    + "[{\"addresses\":[\"db.example\"]}],\"ports\":null}}",
            "{\"type\":\"DELETED\",\"object\":{\"metadata\":{\"name\":\"pg-a\"},\"addressType\":\"IPv6\",\"endpoints\":"
                    + "[{\"addresses\":[\"fd00::1\"]}],\"ports\":[{\"port\":70000}]}}");

    @Test
    void no_answer_makes_anything_escape_or_anything_be_dialled_that_is_not_in_it() {
        InputMutator mutator = new InputMutator(SEED);
        int understood = 0;
        int refused = 0;
        int faults = 0;
        long most = 0;
        for (int i = 0; i < INPUTS; i++) {
            String input = mutator.mutate(SAMPLES.get(i % SAMPLES.size()));
            long before = InputMutator.allocatedBytes();
            EndpointSliceMapper mapper = new EndpointSliceMapper(i % 2 == 0 ? "5432" : null, AddressFamily.IPV4);
            try (SliceReader reader = new SliceReader(new StringReader(input))) {
                WatchEvent event = reader.nextEvent();
                if (event != null) {
                    mapper.put(event.object().slice());
                    understood++;
                    faults += mapper.fault() == null ? 0 : 1;
                }
            } catch (IOException expected) {
                refused++;
            }
            List<Endpoint> endpoints =
                    new ArrayList<>(EndpointSet.of(0, mapper.endpoints()).endpoints());
            for (Endpoint endpoint : endpoints) {
                assertThat(HostSyntax.isHost(endpoint.host())).isTrue();
                assertThat(InputMutator.says(input, endpoint.host())).as(input).isTrue();
            }
            most = Math.max(most, InputMutator.allocatedBytes() - before - 100L * input.length());
        }
        System.out.printf(
                "fuzz: slices, seed %d: %d inputs, %d understood, %d of them refused by field, %d refused, 0 escapes,"
                        + " at most %d KiB beyond 100 times the input%n",
                SEED, INPUTS, understood, faults, refused, most >> 10);
        assertThat(understood).isGreaterThan(INPUTS / 100);
        assertThat(faults).isPositive();
        assertThat(most).isLessThan(4 << 20);
    }
}
