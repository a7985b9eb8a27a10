package io.evenkeel.status;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.security.cert.CertificateException;
import java.util.Arrays;
import java.util.List;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;

class FailureCauseTest {

    @Test
    void the_kind_is_found_in_the_chain_of_causes() {
        assertThat(FailureCause.of(new RuntimeException(new IOException(new ConnectException("refused")))))
                .isEqualTo(FailureCause.UNREACHABLE);
        assertThat(FailureCause.of(new SocketTimeoutException())).isEqualTo(FailureCause.UNREACHABLE);
        assertThat(FailureCause.of(new UnknownHostException("pg"))).isEqualTo(FailureCause.UNREACHABLE);
        assertThat(FailureCause.of(new IllegalStateException("odd"))).isEqualTo(FailureCause.OTHER);
    }

    @Test
    void a_certificate_for_another_name_is_told_from_other_failures_of_tls() {
        SSLHandshakeException untrusted = new SSLHandshakeException("PKIX path building failed");
        assertThat(FailureCause.of(new IOException(untrusted))).isEqualTo(FailureCause.TLS);
        SSLHandshakeException name = new SSLHandshakeException("handshake");
        name.initCause(new CertificateException("No subject alternative DNS name matching pg found."));
        assertThat(FailureCause.of(new IOException(name))).isEqualTo(FailureCause.TLS_NAME);
    }

    @Test
    void a_circle_of_causes_ends() {
        Exception first = new Exception("first");
        Exception second = new Exception("second", first);
        first.initCause(second);
        assertThat(FailureCause.of(first)).isEqualTo(FailureCause.OTHER);
    }

    @Test
    void every_kind_has_a_summary_and_an_advice_of_its_own() {
        List<FailureCause> all = Arrays.asList(FailureCause.values());
        assertThat(all)
                .extracting(FailureCause::summary)
                .doesNotHaveDuplicates()
                .allSatisfy(text -> assertThat(text).isNotBlank().doesNotEndWith("."));
        assertThat(all)
                .extracting(FailureCause::advice)
                .doesNotHaveDuplicates()
                .allSatisfy(text -> assertThat(text).isNotBlank().doesNotEndWith("."));
    }
}
