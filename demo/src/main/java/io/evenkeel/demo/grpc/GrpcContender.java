package io.evenkeel.demo.grpc;

import io.evenkeel.grpc.EvenkeelGrpc;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;

/** A way to reach the Pods of a cluster; all with default settings. */
enum GrpcContender {
    EVENKEEL("Evenkeel") {
        @Override
        ManagedChannel channel(GrpcCluster cluster) {
            return EvenkeelGrpc.balance(
                            plaintext(cluster.fileTarget()),
                            settings -> settings.clientId("client-0").jmx(false))
                    .build();
        }
    },
    ROUND_ROBIN("round_robin, our list") {
        @Override
        ManagedChannel channel(GrpcCluster cluster) {
            return plaintext(cluster.fileTarget())
                    .defaultLoadBalancingPolicy("round_robin")
                    .build();
        }
    },
    ROUND_ROBIN_DNS("round_robin, dns") {
        @Override
        ManagedChannel channel(GrpcCluster cluster) {
            return plaintext(cluster.dnsTarget())
                    .defaultLoadBalancingPolicy("round_robin")
                    .build();
        }
    },
    /** What a channel does that is not configured. */
    PICK_FIRST_DNS("pick_first, dns") {
        @Override
        ManagedChannel channel(GrpcCluster cluster) {
            return plaintext(cluster.dnsTarget()).build();
        }
    };

    private final String title;

    GrpcContender(String title) {
        this.title = title;
    }

    String title() {
        return title;
    }

    abstract ManagedChannel channel(GrpcCluster cluster);

    private static NettyChannelBuilder plaintext(String target) {
        return NettyChannelBuilder.forTarget(target).usePlaintext();
    }
}
