package io.evenkeel.source.dns;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointSet;
import io.evenkeel.endpoint.HostSyntax;
import io.evenkeel.endpoint.InputMutator;
import io.evenkeel.endpoint.Target;
import io.evenkeel.source.EndpointSource;
import io.evenkeel.source.EndpointSources;
import io.evenkeel.source.SourceHarness;
import io.evenkeel.source.file.EndpointFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** Targets, files and DNS answers may be wrong or hostile: nothing escapes, and nothing is dialled that they don't say. */
@Timeout(180)
class UntrustedInputTest {

    private static final int INPUTS = Integer.getInteger("evenkeel.test.inputs", 20_000);
    private static final long SEED = Long.getLong("evenkeel.test.seed", 20261128L);

    private final InputMutator mutator = new InputMutator(SEED);
    private long most;

    private void print(String what, int inputs, int understood) {
        System.out.printf(
                "fuzz: %s, seed %d: %d inputs, %d understood, %d refused, 0 escapes, at most %d KiB beyond 100 times the"
                        + " input%n",
                what, SEED, inputs, understood, inputs - understood, most >> 10);
        assertThat(understood).isGreaterThan(inputs / 100);
        assertThat(most).isLessThan(8 << 20);
    }

    private void measure(long before, int length) {
        most = Math.max(most, InputMutator.allocatedBytes() - before - 100L * length);
    }

    @Test
    void targets() {
        List<String> samples = List.of(
                "static:///10.0.0.1:5432,[fd00::1]:5432,db.example:5432",
                "dns:///pg-headless.default.svc:5432",
                "dns://10.96.0.10:53/_postgres._tcp.pg.default.svc",
                "file:///etc/evenkeel/pg.json",
                "fallback://2s/static:///10.0.0.1:1|snapshot:///var/cache/pg.json");
        SourceHarness harness = new SourceHarness();
        int understood = 0;
        for (int i = 0; i < INPUTS; i++) {
            String input = mutator.mutate(samples.get(i % samples.size()));
            long before = InputMutator.allocatedBytes();
            try {
                Target target = Target.parse(input);
                EndpointSource source = EndpointSources.create(target, harness.context);
                understood++;
                if (target.scheme().equals("static")) {
                    harness.start(source);
                    assertSaid(input, harness.endpoints());
                }
                source.close();
            } catch (IllegalArgumentException expected) {
                assertThat(expected.getMessage()).isNotBlank();
                assertThat(expected.getMessage().length()).isLessThan(20_000);
            }
            measure(before, input.length() + 2_000);
        }
        print("targets", INPUTS, understood);
    }

    @Test
    void files() {
        String sample =
                "{\"endpoints\":[{\"id\":\"pg-0\",\"host\":\"10.0.0.1\",\"port\":5432,\"zone\":\"a\",\"node\":\"n1\","
                        + "\"weight\":2.5,\"condition\":\"TERMINATING\"},{\"host\":\"fd00::1\",\"port\":1},{\"host\":\"h\",\"port\":2}]}";
        int understood = 0;
        for (int i = 0; i < INPUTS; i++) {
            String input = mutator.mutate(sample);
            byte[] bytes = input.getBytes(StandardCharsets.UTF_8);
            byte[] content = i % 5 == 0 && bytes.length > 0 ? mutator.mutate(bytes) : bytes;
            long before = InputMutator.allocatedBytes();
            try {
                List<Endpoint> endpoints = EndpointFile.parse(content);
                understood++;
                assertSaid(new String(content, StandardCharsets.UTF_8), endpoints);
                EndpointSet.of(0, endpoints);
            } catch (CharacterCodingException | IllegalArgumentException expected) {
                assertThat(expected).isNotNull();
            }
            measure(before, content.length + 200);
        }
        print("files", INPUTS, understood);
    }

    private static void assertSaid(String input, List<Endpoint> endpoints) {
        for (Endpoint endpoint : endpoints) {
            assertThat(HostSyntax.isHost(endpoint.host())).isTrue();
            assertThat(InputMutator.says(input, endpoint.host())).as(input).isTrue();
        }
    }

    @Test
    void dns_answers() throws Exception {
        int understood = 0;
        try (TinyDnsServer server = new TinyDnsServer()) {
            server.answer(
                    "pg.test.", Type.A, "pg.test. 3 CNAME db.test.", "db.test. 9 A 10.0.0.1", "db.test. 9 A 10.0.0.2");
            server.answerWithMore(
                    "_pg._tcp.test.",
                    Type.SRV,
                    List.of("_pg._tcp.test. 9 SRV 0 5 5432 a.test."),
                    List.of("a.test. 4 A 10.0.0.1"));
            server.mutate = mutator::mutate;
            DnsConfig config = new DnsConfig(List.of(server.address()), List.of(), 1, Duration.ofMillis(5));
            for (int i = 0; i < 300; i++) {
                boolean srv = i % 3 == 0;
                String name = srv ? "_pg._tcp.test." : "pg.test.";
                SourceHarness harness = new SourceHarness();
                EndpointSource source = new DnsSource(
                        new DnsQuestion(Name.fromString(name), name, null, srv, srv ? 0 : 5432),
                        () -> config,
                        null,
                        harness.context);
                harness.start(source);
                assertThat(harness.reports).as("every reading ends in a report").hasSize(1);
                understood += harness.last() instanceof EndpointSource.Endpoints ? 1 : 0;
                source.close();
            }
        }
        print("DNS look-ups", 300, understood);
        decodes();
    }

    private void decodes() throws IOException {
        Message query = DnsMessages.query(Name.fromString("pg.test."), Type.A);
        Message answer = query.clone();
        answer.getHeader().setFlag(org.xbill.DNS.Flags.QR);
        for (int i = 0; i < 20; i++) {
            answer.addRecord(
                    org.xbill.DNS.Record.fromString(
                            Name.fromString("pg.test."), Type.A, org.xbill.DNS.DClass.IN, 5, "10.0.0." + i, Name.root),
                    Section.ANSWER);
        }
        byte[] wire = answer.toWire();
        int understood = 0;
        for (int i = 0; i < INPUTS; i++) {
            byte[] input = mutator.mutate(wire);
            long before = InputMutator.allocatedBytes();
            Message decoded = DnsMessages.decode(ByteBuffer.wrap(input), query);
            if (decoded != null) {
                understood++;
                DnsLookup.hosts(decoded.getSection(Section.ANSWER))
                        .forEach(host -> assertThat(HostSyntax.isHost(host)).isTrue());
            }
            measure(before, input.length + 200);
        }
        print("DNS answers", INPUTS, understood);
    }
}
