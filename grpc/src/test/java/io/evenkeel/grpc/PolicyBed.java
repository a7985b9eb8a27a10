package io.evenkeel.grpc;

import io.evenkeel.adapter.PoolSettings;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.time.ManualScheduler;
import io.grpc.Attributes;
import io.grpc.CallOptions;
import io.grpc.ChannelLogger;
import io.grpc.ClientStreamTracer;
import io.grpc.ConnectivityState;
import io.grpc.ConnectivityStateInfo;
import io.grpc.EquivalentAddressGroup;
import io.grpc.LoadBalancer;
import io.grpc.LoadBalancer.PickResult;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.NameResolver;
import io.grpc.Status;
import io.grpc.SynchronizationContext;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ScheduledExecutorService;

/** A policy on a channel that isn't there: its subchannels and its clock do what the test says, on the test's thread. */
final class PolicyBed {

    private static final long SEED = 7;

    final ManualScheduler time = new ManualScheduler();
    final List<FakeSubchannel> subchannels = new ArrayList<>();
    final EvenkeelLoadBalancer policy;
    ConnectivityState state = ConnectivityState.IDLE;
    int updates;

    private final SynchronizationContext context = new SynchronizationContext((thread, error) -> {
        throw new AssertionError("the channel would panic", error);
    });
    private final ScheduledExecutorService timer = new ManualTimer(time);
    private LoadBalancer.SubchannelPicker picker = new LoadBalancer.FixedResultPicker(PickResult.withNoResult());

    PolicyBed() {
        policy = new EvenkeelLoadBalancer(new Channel(), time.ticker(), SEED);
    }

    static Endpoint pod(int number) {
        return Endpoint.of("pod-" + number, "10.0.0." + number, 50051);
    }

    Status resolve(Endpoint... pods) {
        List<EquivalentAddressGroup> groups = Arrays.stream(pods)
                .map(pod -> new EquivalentAddressGroup(
                        new InetSocketAddress(pod.host(), pod.port()),
                        Attributes.newBuilder().set(PodAttributes.ENDPOINT, pod).build()))
                .toList();
        Status[] taken = new Status[1];
        context.execute(() -> taken[0] = policy.acceptResolvedAddresses(
                LoadBalancer.ResolvedAddresses.newBuilder().setAddresses(groups).build()));
        return taken[0];
    }

    void fail(Status status) {
        context.execute(() -> policy.handleNameResolutionError(status));
    }

    void shutdown() {
        context.execute(policy::shutdown);
    }

    void advance(Duration by) {
        time.advance(by);
    }

    /** Pods of which every dial succeeds at once. */
    void serve(Endpoint... pods) {
        resolve(pods);
        for (int i = 0; i < 60; i++) {
            all(ConnectivityState.READY);
            advance(Duration.ofSeconds(1));
        }
    }

    /** Brings every subchannel that has not been shut down to this state. */
    void all(ConnectivityState next) {
        for (FakeSubchannel subchannel : List.copyOf(subchannels)) {
            subchannel.become(next);
        }
    }

    PickResult pick() {
        return picker.pickSubchannel(new Unary());
    }

    /** Which hosts so many picks lead to. */
    Set<String> picked(int picks) {
        Set<String> hosts = new TreeSet<>();
        for (int i = 0; i < picks; i++) {
            hosts.add(((FakeSubchannel) pick().getSubchannel()).host());
        }
        return hosts;
    }

    FakeSubchannel to(Endpoint pod) {
        return subchannels.stream()
                .filter(subchannel -> subchannel.host().equals(pod.host()))
                .findFirst()
                .orElseThrow();
    }

    static ClientStreamTracer begin(PickResult picked) {
        return picked.getStreamTracerFactory()
                .newClientStreamTracer(
                        ClientStreamTracer.StreamInfo.newBuilder()
                                .setCallOptions(CallOptions.DEFAULT)
                                .build(),
                        new Metadata());
    }

    final class FakeSubchannel extends LoadBalancer.Subchannel {
        private final List<EquivalentAddressGroup> addresses;
        private LoadBalancer.SubchannelStateListener listener = ignored -> {};
        int shutdowns;

        private FakeSubchannel(List<EquivalentAddressGroup> addresses) {
            this.addresses = addresses;
        }

        void become(ConnectivityState next) {
            if (shutdowns == 0) {
                ConnectivityStateInfo info = next == ConnectivityState.TRANSIENT_FAILURE
                        ? ConnectivityStateInfo.forTransientFailure(Status.UNAVAILABLE.withDescription("refused"))
                        : ConnectivityStateInfo.forNonError(next);
                context.execute(() -> listener.onSubchannelState(info));
            }
        }

        String host() {
            return ((InetSocketAddress) addresses.get(0).getAddresses().get(0)).getHostString();
        }

        @Override
        public void start(LoadBalancer.SubchannelStateListener first) {
            listener = first;
        }

        @Override
        public void shutdown() {
            context.throwIfNotInThisSynchronizationContext();
            shutdowns++;
        }

        @Override
        public void requestConnection() {
            context.throwIfNotInThisSynchronizationContext();
        }

        @Override
        public List<EquivalentAddressGroup> getAllAddresses() {
            return addresses;
        }

        @Override
        public Attributes getAttributes() {
            return Attributes.EMPTY;
        }
    }

    private final class Channel extends LoadBalancer.Helper {
        @Override
        public LoadBalancer.Subchannel createSubchannel(LoadBalancer.CreateSubchannelArgs args) {
            context.throwIfNotInThisSynchronizationContext();
            FakeSubchannel subchannel = new FakeSubchannel(args.getAddresses());
            subchannels.add(subchannel);
            return subchannel;
        }

        @Override
        public void updateBalancingState(ConnectivityState next, LoadBalancer.SubchannelPicker nextPicker) {
            context.throwIfNotInThisSynchronizationContext();
            state = next;
            picker = nextPicker;
            updates++;
        }

        @Override
        public ManagedChannel createOobChannel(EquivalentAddressGroup group, String authority) {
            throw new UnsupportedOperationException("createOobChannel (expected: never asked for)");
        }

        @Override
        public void refreshNameResolution() {}

        @Override
        public String getAuthority() {
            return "orders";
        }

        @Override
        public String getChannelTarget() {
            return "static:///orders:50051";
        }

        @Override
        public SynchronizationContext getSynchronizationContext() {
            return context;
        }

        @Override
        public ScheduledExecutorService getScheduledExecutorService() {
            return timer;
        }

        @Override
        public NameResolver.Args getNameResolverArgs() {
            return FakeChannel.args(context)
                    .setArg(
                            PodAttributes.SETTINGS_ARG,
                            PoolSettings.movingWhole().moveWindow(Duration.ZERO).jmx(false))
                    .build();
        }

        @Override
        public ChannelLogger getChannelLogger() {
            throw new UnsupportedOperationException("getChannelLogger (expected: slf4j is used)");
        }
    }

    private static final class Unary extends LoadBalancer.PickSubchannelArgs {
        @Override
        public CallOptions getCallOptions() {
            return CallOptions.DEFAULT;
        }

        @Override
        public Metadata getHeaders() {
            return new Metadata();
        }

        @Override
        public MethodDescriptor<?, ?> getMethodDescriptor() {
            return PodServer.ECHO;
        }
    }
}
