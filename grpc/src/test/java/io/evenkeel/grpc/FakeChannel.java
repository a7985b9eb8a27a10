package io.evenkeel.grpc;

import io.evenkeel.adapter.PoolSettings;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.time.ManualScheduler;
import io.grpc.Attributes;
import io.grpc.CallOptions;
import io.grpc.ChannelLogger;
import io.grpc.ConnectivityState;
import io.grpc.ConnectivityStateInfo;
import io.grpc.EquivalentAddressGroup;
import io.grpc.LoadBalancer;
import io.grpc.LoadBalancer.CreateSubchannelArgs;
import io.grpc.LoadBalancer.PickDetailsConsumer;
import io.grpc.LoadBalancer.PickResult;
import io.grpc.LoadBalancer.PickSubchannelArgs;
import io.grpc.LoadBalancer.ResolvedAddresses;
import io.grpc.LoadBalancer.Subchannel;
import io.grpc.LoadBalancer.SubchannelPicker;
import io.grpc.LoadBalancer.SubchannelStateListener;
import io.grpc.LoadBalancerProvider;
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
import java.util.Map;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/** What a channel is to its policy: it records what the policy does, and its subchannels become what the test says. */
class FakeChannel extends LoadBalancer.Helper {

    final ManualScheduler time = new ManualScheduler();
    final List<FakeSubchannel> subchannels = new ArrayList<>();
    final List<Throwable> panics = new ArrayList<>();
    final LoadBalancer policy;
    final SynchronizationContext context = new SynchronizationContext((thread, fault) -> panics.add(fault));
    private final ScheduledExecutorService timer = new ManualTimer(time);
    /** Of a policy that begins later. */
    final PoolSettings settings = PoolSettings.movingWhole()
            .moveWindow(Duration.ZERO)
            .drainDeadline(Duration.ofSeconds(30))
            .jmx(false);

    @Nullable
    ConnectivityState state;

    @Nullable
    SubchannelPicker picker;

    /** In place, unless they are held. */
    final EventThread events = new EventThread() {
        @Override
        public void execute(Runnable report) {
            if (holdsEvents) {
                heldEvents.add(report);
            } else {
                report.run();
            }
        }

        @Override
        public void end() {
            eventsEnded = true;
        }
    };

    boolean holdsEvents;
    final List<Runnable> heldEvents = new ArrayList<>();
    boolean eventsEnded;

    int updates;
    /** Connections asked for. */
    int dials;

    private final @Nullable Object config;

    FakeChannel() {
        this(null, 1);
    }

    /** With the policy {@code evenkeel}, so configured. */
    FakeChannel(@Nullable PolicyConfig config, long seed) {
        this(config, seed, Map.of());
    }

    /** In a process with this environment. */
    FakeChannel(@Nullable PolicyConfig config, long seed, Map<String, String> environment) {
        this.config = config;
        policy = new EvenkeelLoadBalancer(this, time.ticker(), seed, environment::get, pool -> events);
    }

    /** With another policy, which may read the clock and draw at random. */
    FakeChannel(LoadBalancerProvider provider, Map<String, ?> json) {
        NameResolver.ConfigOrError parsed = provider.parseLoadBalancingPolicyConfig(json);
        if (parsed.getError() != null) {
            throw parsed.getError().asRuntimeException();
        }
        config = parsed.getConfig();
        policy = provider.newLoadBalancer(this);
    }

    /** Until every connection that is wanted is open. */
    void settle() {
        for (int i = 0; i < 20; i++) {
            connectAll();
            time.advance(Duration.ofMillis(200));
        }
    }

    static Endpoint pod(int number) {
        return Endpoint.of("pod-" + number, "10.0." + number / 200 + "." + (number % 200 + 1), 50051);
    }

    Status resolve(Endpoint... pods) {
        Status[] status = new Status[1];
        List<EquivalentAddressGroup> groups = Arrays.stream(pods)
                .map(pod -> new EquivalentAddressGroup(
                        new InetSocketAddress(pod.host(), pod.port()),
                        Attributes.newBuilder().set(PodAttributes.ENDPOINT, pod).build()))
                .toList();
        context.execute(() -> status[0] = policy.acceptResolvedAddresses(ResolvedAddresses.newBuilder()
                .setAddresses(groups)
                .setLoadBalancingPolicyConfig(config)
                .build()));
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
        return subchannels.stream()
                .filter(subchannel -> !subchannel.isShutDown())
                .toList();
    }

    @Override
    public Subchannel createSubchannel(CreateSubchannelArgs args) {
        context.throwIfNotInThisSynchronizationContext();
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
        return new ChannelLogger() {
            @Override
            public void log(ChannelLogLevel level, String message) {}

            @Override
            public void log(ChannelLogLevel level, String format, Object... arguments) {}
        };
    }

    /** Picks for a unary call. */
    PickResult pick() {
        return pick(PodServer.ECHO);
    }

    PickResult pick(MethodDescriptor<?, ?> method) {
        return picker.pickSubchannel(new Call(method));
    }

    private static final class Call extends PickSubchannelArgs {
        private final MethodDescriptor<?, ?> method;

        Call(MethodDescriptor<?, ?> method) {
            this.method = method;
        }

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
            return method;
        }

        @Override
        public PickDetailsConsumer getPickDetailsConsumer() {
            return new PickDetailsConsumer() {};
        }
    }

    final class FakeSubchannel extends Subchannel {
        final EquivalentAddressGroup group;
        int shutdowns;
        ConnectivityState state = ConnectivityState.IDLE;
        private @Nullable SubchannelStateListener listener;

        FakeSubchannel(EquivalentAddressGroup group) {
            this.group = group;
        }

        boolean isShutDown() {
            return shutdowns > 0;
        }

        String host() {
            return ((InetSocketAddress) group.getAddresses().get(0)).getHostString();
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
            context.throwIfNotInThisSynchronizationContext();
            if (state == ConnectivityState.IDLE) {
                dials++;
                state = ConnectivityState.CONNECTING;
            }
        }

        @Override
        public void shutdown() {
            context.throwIfNotInThisSynchronizationContext();
            shutdowns++;
            state = ConnectivityState.SHUTDOWN;
        }

        @Override
        public List<EquivalentAddressGroup> getAllAddresses() {
            return List.of(group);
        }

        @Override
        public void updateAddresses(List<EquivalentAddressGroup> groups) {
            if (!groups.get(0).getAddresses().equals(group.getAddresses())) {
                throw new UnsupportedOperationException("another address (expected: the same with other attributes)");
            }
        }

        @Override
        public ChannelLogger getChannelLogger() {
            return FakeChannel.this.getChannelLogger();
        }

        @Override
        public Attributes getAttributes() {
            return Attributes.EMPTY;
        }
    }
}
