package io.evenkeel.demo.amqp.ledger;

import java.nio.ByteBuffer;

/**
 * One message: the number that its lane's producer gave it, from 0 without a gap.
 *
 * @param lane the lane that it was sent on
 * @param number its number there
 */
record LedgerMessage(int lane, long number) {
    private static final int LENGTH = Integer.BYTES + Long.BYTES;

    /** Its body, filled up to a size. */
    byte[] body(int size) {
        byte[] body = new byte[Math.max(size, LENGTH)];
        ByteBuffer.wrap(body).putInt(lane).putLong(number);
        return body;
    }

    static LedgerMessage of(byte[] body) {
        ByteBuffer buffer = ByteBuffer.wrap(body);
        return new LedgerMessage(buffer.getInt(), buffer.getLong());
    }
}
