package io.evenkeel.grpc;

import io.evenkeel.adapter.PoolSettings;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.time.ManualScheduler;
import io.grpc.Attributes;
import io.grpc.ChannelLogger;
import io.grpc.ConnectivityState;
import io.grpc.ConnectivityStateInfo;
import io.grpc.EquivalentAddressGroup;
import io.grpc.LoadBalancer;
import io.grpc.LoadBalancer.CreateSubchannelArgs;
import io.grpc.LoadBalancer.ResolvedAddresses;
import io.grpc.LoadBalancer.Subchannel;
import io.grpc.LoadBalancer.SubchannelPicker;
import io.grpc.LoadBalancer.SubchannelStateListener;
import io.grpc.ManagedChannel;
import io.grpc.NameResolver;
import io.grpc.Status;
import io.grpc.SynchronizationContext;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/** What a channel is to its policy: it records what the policy does, and its subchannels become what the test says. */
final class FakeChannel extends LoadBalancer.Helper {

    final ManualScheduler time = new ManualScheduler();
    final List<FakeSubchannel> subchannels = new ArrayList<>();
    final List<Throwable> panics = new ArrayList<>();
    final LoadBalancer policy;
    private final SynchronizationContext context = new SynchronizationContext((thread, fault) -> panics.add(fault));
    private final ScheduledExecutorService timer = new ManualTimer(time);
    private final PoolSettings settings = PoolSettings.movingWhole()
            .moveWindow(Duration.ZERO)
            .drainDeadline(Duration.ofSeconds(30))
            .jmx(false);

    @Nullable
    ConnectivityState state;

    @Nullable
    SubchannelPicker picker;

    int updates;

    FakeChannel() {
        policy = new EvenkeelLoadBalancer(this, time.ticker(), 1);
    }

    static Endpoint pod(int number) {
        return Endpoint.of("pod-" + number, "10.0.0." + (number + 1), 50051);
    }

    Status resolve(Endpoint... pods) {
        Status[] status = new Status[1];
        List<EquivalentAddressGroup> groups = Arrays.stream(pods)
                .map(pod -> new EquivalentAddressGroup(
                        new InetSocketAddress(pod.host(), pod.port()),
                        Attributes.newBuilder().set(PodAttributes.ENDPOINT, pod).build()))
                .toList();
        context.execute(() -> status[0] = policy.acceptResolvedAddresses(
                ResolvedAddresses.newBuilder().setAddresses(groups).build()));
        return status[0];
    }

    /** All that are not shut down come up. */
    void connectAll() {
        for (FakeSubchannel subchannel : List.copyOf(subchannels)) {
            if (subchannel.state == ConnectivityState.CONNECTING) {
                subchannel.becomes(ConnectivityStateInfo.forNonError(ConnectivityState.READY));
            }
        }
    }

    void shutdown() {
        context.execute(policy::shutdown);
    }

    List<FakeSubchannel> open() {
        return subchannels.stream().filter(subchannel -> !subchannel.shutDown).toList();
    }

    @Override
    public Subchannel createSubchannel(CreateSubchannelArgs args) {
        FakeSubchannel subchannel = new FakeSubchannel(args.getAddresses().get(0));
        subchannels.add(subchannel);
        return subchannel;
    }

    @Override
    public void updateBalancingState(ConnectivityState newState, SubchannelPicker newPicker) {
        context.throwIfNotInThisSynchronizationContext();
        state = newState;
        picker = newPicker;
        updates++;
    }

    @Override
    public void refreshNameResolution() {}

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
        return args(context).setArg(PodAttributes.SETTINGS_ARG, settings).build();
    }

    static NameResolver.Args.Builder args(SynchronizationContext context) {
        return NameResolver.Args.newBuilder()
                .setDefaultPort(443)
                .setProxyDetector(address -> null)
                .setSynchronizationContext(context)
                .setOffloadExecutor(Runnable::run)
                .setServiceConfigParser(new NameResolver.ServiceConfigParser() {
                    @Override
                    public NameResolver.ConfigOrError parseServiceConfig(Map<String, ?> json) {
                        return NameResolver.ConfigOrError.fromConfig(json);
                    }
                });
    }

    @Override
    public String getChannelTarget() {
        return "static:///10.0.0.1:50051";
    }

    @Override
    public String getAuthority() {
        return "orders";
    }

    @Override
    public ManagedChannel createOobChannel(EquivalentAddressGroup group, String authority) {
        throw new UnsupportedOperationException("the policy needs no other channel");
    }

    @Override
    public ChannelLogger getChannelLogger() {
        throw new UnsupportedOperationException("the policy logs by itself");
    }

    final class FakeSubchannel extends Subchannel {
        final EquivalentAddressGroup group;
        boolean shutDown;
        ConnectivityState state = ConnectivityState.IDLE;
        private @Nullable SubchannelStateListener listener;

        FakeSubchannel(EquivalentAddressGroup group) {
            this.group = group;
        }

        String pod() {
            return group.getAttributes().get(PodAttributes.ENDPOINT).identity();
        }

        void becomes(ConnectivityStateInfo now) {
            state = now.getState();
            context.execute(() -> listener.onSubchannelState(now));
        }

        @Override
        public void start(SubchannelStateListener toTell) {
            listener = toTell;
        }

        @Override
        public void requestConnection() {
            state = ConnectivityState.CONNECTING;
        }

        @Override
        public void shutdown() {
            context.throwIfNotInThisSynchronizationContext();
            shutDown = true;
            state = ConnectivityState.SHUTDOWN;
        }

        @Override
        public List<EquivalentAddressGroup> getAllAddresses() {
            return List.of(group);
        }

        @Override
        public Attributes getAttributes() {
            return Attributes.EMPTY;
        }
    }
}
