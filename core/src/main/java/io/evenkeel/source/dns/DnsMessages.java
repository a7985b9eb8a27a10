package io.evenkeel.source.dns;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;

/** Questions as they are sent, and answers as they are recognised. */
final class DnsMessages {

    // What passes everywhere without fragments (the DNS flag day's recommendation).
    private static final int UDP_PAYLOAD = 1232;

    private DnsMessages() {}

    static Message query(Name name, int type) {
        Message query = Message.newQuery(Record.newRecord(name, type, DClass.IN));
        query.addRecord(new OPTRecord(UDP_PAYLOAD, 0, 0), Section.ADDITIONAL);
        return query;
    }

    /** The answer, or null if this is none to our question: late, forged, or broken. */
    static @Nullable Message decode(ByteBuffer wire, Message query) {
        try {
            Message answer = new Message(wire);
            Record asked = answer.getQuestion();
            boolean ours = answer.getHeader().getID() == query.getHeader().getID()
                    && answer.getHeader().getFlag(Flags.QR)
                    && (asked == null || asked.equals(query.getQuestion()));
            return ours ? answer : null;
        } catch (IOException | RuntimeException broken) {
            return null;
        }
    }
}
