package io.evenkeel.amqp;

import static io.evenkeel.amqp.ConnectionBed.A;
import static io.evenkeel.amqp.ConnectionBed.B;
import static io.evenkeel.amqp.ConnectionBed.C;
import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.BlockedListener;
import com.rabbitmq.client.ConfirmListener;
import com.rabbitmq.client.Consumer;
import com.rabbitmq.client.ExceptionHandler;
import com.rabbitmq.client.Recoverable;
import com.rabbitmq.client.RecoveryListener;
import com.rabbitmq.client.ShutdownListener;
import io.evenkeel.FaultInjector;
import io.evenkeel.FaultInjector.Kind;
import io.evenkeel.spi.EndpointConnections.MoveOutcome;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whichever handler or listener of the application throws, and what: the connection goes through the same life. */
@Timeout(120)
class ForeignCodeTest {

    @Test
    void each_call_of_the_applications_code_may_fail_in_each_way() throws Exception {
        FaultInjector counting = FaultInjector.none();
        live(counting);
        assertThat(counting.calls()).as("calls of foreign code").isGreaterThan(15);
        List<String> failed = new ArrayList<>();
        for (int n = 1; n <= counting.calls(); n++) {
            for (Kind kind : Kind.values()) {
                FaultInjector fault = new FaultInjector(n, kind);
                try {
                    live(fault);
                } catch (Throwable e) {
                    throw new AssertionError("call " + n + ", " + fault.failed() + ", " + kind, e);
                }
                failed.add(String.valueOf(fault.failed()));
            }
        }
        assertThat(failed)
                .anyMatch(call -> call.contains("handleBlocked"))
                .anyMatch(call -> call.contains("handleNack"))
                .anyMatch(call -> call.contains("shutdownCompleted"))
                .anyMatch(call -> call.contains("handleRecovery"))
                .anyMatch(call -> call.contains("handleDelivery"))
                .anyMatch(call -> call.contains("handleShutdownSignal"))
                .anyMatch(call -> call.contains("handleTopologyRecoveryException"));
    }

    /** An application's connection from its beginning to its end: alarm, move, loss, recovery, close. */
    private static void live(FaultInjector fault) throws Exception {
        ConnectionBed bed = new ConnectionBed();
        // The client's default handler closes the connection for a listener of alarms; this one does nothing.
        ExceptionHandler handler = (ExceptionHandler) Proxy.newProxyInstance(
                ExceptionHandler.class.getClassLoader(),
                new Class<?>[] {ExceptionHandler.class},
                (self, method, arguments) -> null);
        bed.dialer.exceptions = fault.wrap(ExceptionHandler.class, handler);
        VirtualConnection connection = bed.connection;
        List<Long> answers = new ArrayList<>();
        connection.addBlockedListener(fault.wrap(BlockedListener.class, new BlockedListener() {
            @Override
            public void handleBlocked(String reason) {}

            @Override
            public void handleUnblocked() {}
        }));
        connection.addShutdownListener(fault.wrap(ShutdownListener.class, signal -> {}));
        connection.addRecoveryListener(fault.wrap(RecoveryListener.class, new Silent()));
        VirtualChannel channel = bed.channel();
        channel.addShutdownListener(fault.wrap(ShutdownListener.class, signal -> {}));
        channel.addRecoveryListener(fault.wrap(RecoveryListener.class, new Silent()));
        channel.confirmSelect();
        channel.addConfirmListener(fault.wrap(ConfirmListener.class, new ConfirmListener() {
            @Override
            public void handleAck(long number, boolean multiple) {
                answers.add(number);
            }

            @Override
            public void handleNack(long number, boolean multiple) {
                answers.add(-number);
            }
        }));
        channel.queueDeclare("refused", true, false, false, null);
        ConnectionBed.Recorder recorder = bed.new Recorder(channel);
        bed.cluster.queue("q");
        channel.basicConsume("q", true, "tag", fault.wrap(Consumer.class, recorder));

        bed.cluster.open(A).get(0).block("low on memory");
        bed.cluster.open(A).get(0).unblock();
        channel.basicPublish("", "q", null, new byte[0]);
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Moved.class);
        channel.basicPublish("", "q", null, new byte[0]);

        bed.cluster.holdConfirms = true;
        channel.basicPublish("", "q", null, new byte[0]);
        bed.cluster.open(B).get(0).lose(541, "INTERNAL_ERROR");
        assertThat(connection.state()).isEqualTo(VirtualConnection.State.RECOVERING);
        assertThat(bed.told).contains("lost b");
        bed.cluster.holdConfirms = false;
        bed.cluster.fault = (broker, operation) -> {
            if (operation.equals("queueDeclare")) {
                bed.raw(C, 1).closeByBroker(406, "PRECONDITION_FAILED");
            }
        };
        connection.recover(connection.links().dial(C, true));
        bed.cluster.fault = (broker, operation) -> {};

        assertThat(connection.isOpen()).isTrue();
        assertThat(channel.isOpen()).isTrue();
        fault.disarm();
        int received = recorder.messages.size();
        channel.basicPublish("", "q", null, new byte[0]);
        assertThat(recorder.messages).hasSize(received + 1);
        assertThat(answers).endsWith(4L);
        assertThat(channel.waitForConfirms(1000)).isTrue();
        connection.close();
        assertThat(bed.cluster.connections.stream().filter(FakeConnection::isOpen))
                .isEmpty();
        assertThat(bed.told).contains("closed true");
    }

    private static final class Silent implements RecoveryListener {
        @Override
        public void handleRecovery(Recoverable recoverable) {}

        @Override
        public void handleRecoveryStarted(Recoverable recoverable) {}
    }
}
