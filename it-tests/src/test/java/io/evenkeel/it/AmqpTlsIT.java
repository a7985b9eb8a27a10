package io.evenkeel.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import io.evenkeel.amqp.EvenkeelConnectionFactory;
import io.evenkeel.demo.amqp.broker.RabbitBroker;
import io.evenkeel.demo.amqp.broker.RabbitBrokers;
import java.io.InputStream;
import java.nio.file.Files;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.stream.Collectors;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.TrustManagerFactory;
import org.assertj.core.api.Assumptions;
import org.junit.jupiter.api.Test;

/** The socket goes to a broker's own address, and the certificate has to be for the Service's name. */
@RequiresRabbitmq
class AmqpTlsIT {

    @Test
    void certificate_for_the_services_name_is_accepted_at_every_address(RabbitBrokers cluster) throws Exception {
        RabbitCluster containers = containers(cluster);
        EvenkeelConnectionFactory factory = factory(containers, RabbitCluster.SERVICE);
        for (int i = 0; i < 4; i++) {
            try (Connection connection = factory.newConnection("tls-" + i);
                    Channel channel = connection.createChannel()) {
                String queue = channel.queueDeclare().getQueue();
                channel.basicPublish("", queue, null, new byte[] {1});
                assertThat(channel.messageCount(queue)).isBetween(0L, 1L);
            }
        }
    }

    @Test
    void certificate_for_another_name_is_refused(RabbitBrokers cluster) throws Exception {
        EvenkeelConnectionFactory factory = factory(containers(cluster), "another." + RabbitCluster.SERVICE);
        assertThatThrownBy(() -> factory.newConnection("another"))
                .isInstanceOf(SSLHandshakeException.class)
                .hasMessageContaining("another." + RabbitCluster.SERVICE);
    }

    @Test
    void certificate_of_an_unknown_authority_is_refused(RabbitBrokers cluster) throws Exception {
        EvenkeelConnectionFactory factory = factory(containers(cluster), RabbitCluster.SERVICE);
        factory.useSslProtocol(SSLContext.getDefault());
        factory.enableHostnameVerification();
        assertThatThrownBy(() -> factory.newConnection("unknown")).isInstanceOf(SSLHandshakeException.class);
    }

    private static RabbitCluster containers(RabbitBrokers cluster) {
        Assumptions.assumeThat(cluster)
                .as("only the containers have a certificate")
                .isInstanceOf(RabbitCluster.class);
        return (RabbitCluster) cluster;
    }

    private static EvenkeelConnectionFactory factory(RabbitCluster cluster, String serverName) throws Exception {
        EvenkeelConnectionFactory factory = new EvenkeelConnectionFactory();
        cluster.configure(factory);
        factory.setTarget("static:///"
                + cluster.nodes().stream()
                        .map(RabbitBroker::tlsAddress)
                        .map(address -> address.getHostString() + ":" + address.getPort())
                        .collect(Collectors.joining(",")));
        factory.setName("tls");
        factory.setClientId("tls");
        factory.setServerName(serverName);
        factory.useSslProtocol(trusting(cluster.certificate()));
        factory.enableHostnameVerification();
        return factory;
    }

    private static SSLContext trusting(TestCertificate certificate) throws Exception {
        KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null, null);
        try (InputStream in = Files.newInputStream(certificate.authority())) {
            trusted.setCertificateEntry(
                    "authority", CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        TrustManagerFactory managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        managers.init(trusted);
        SSLContext context = SSLContext.getInstance("TLSv1.3");
        context.init(null, managers.getTrustManagers(), null);
        return context;
    }
}
