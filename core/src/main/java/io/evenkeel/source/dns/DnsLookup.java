package io.evenkeel.source.dns;

import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** One look-up: the search path, aliases, and what several answers mean together. Blocks. */
final class DnsLookup {

    private static final int MOST_ALIASES = 8;

    private final DnsClient client;
    private final DnsConfig config;

    DnsLookup(DnsClient client, DnsConfig config) {
        this.client = client;
        this.config = config;
    }

    /** What DNS says of a name. */
    enum Outcome {
        /** There are records. */
        FOUND,
        /** The name exists, without records of this type. */
        NO_DATA,
        /** The name does not exist. */
        NO_NAME,
        /** Nobody answered. */
        FAILED
    }

    /**
     * An answer.
     *
     * @param owner the name that has the records, behind all aliases
     * @param records of the type that was asked for; empty unless found
     * @param additional what the server sent along
     * @param ttl seconds that all of this may be kept, the least of all records on the way; meaningless unless found
     * @param failure why nobody answered, empty otherwise
     */
    record Answer(
            Outcome outcome, Name owner, List<Record> records, List<Record> additional, long ttl, String failure) {

        static Answer nothing(Outcome outcome, Name owner, String failure) {
            return new Answer(outcome, owner, List.of(), List.of(), 0, failure);
        }

        boolean found() {
            return outcome == Outcome.FOUND;
        }
    }

    /** Asks for records of one type, trying the search path. */
    Answer records(Name name, int type) {
        return firstOf(config.candidates(name), type, -1);
    }

    /**
     * Asks for addresses, trying the search path: IPv4 where the name has any, else IPv6. Not both, because a Pod of both
     * families is one Pod, and DNS does not say which address belongs with which.
     */
    Answer addresses(Name name) {
        return firstOf(config.candidates(name), Type.A, Type.AAAA);
    }

    private Answer firstOf(List<Name> candidates, int type, int otherwise) {
        @Nullable Answer empty = null;
        Answer last = Answer.nothing(Outcome.NO_NAME, Name.root, "");
        for (Name candidate : candidates) {
            last = ask(candidate, type);
            if (last.outcome() == Outcome.NO_DATA && otherwise >= 0) {
                last = ask(candidate, otherwise);
            }
            // After a failure the next domain is not tried: it could have another thing of the same name.
            if (last.found() || last.outcome() == Outcome.FAILED) {
                return last;
            }
            if (last.outcome() == Outcome.NO_DATA) {
                empty = last;
            }
        }
        return empty != null ? empty : last;
    }

    private Answer ask(Name name, int type) {
        Name owner = name;
        long ttl = Long.MAX_VALUE;
        for (int asked = 0; asked < MOST_ALIASES; asked++) {
            Message message;
            try {
                message = client.ask(owner, type, config);
            } catch (IOException failed) {
                return Answer.nothing(
                        Outcome.FAILED, owner, Type.string(type) + " of " + owner + ": " + failed.getMessage());
            }
            List<Record> answers = message.getSection(Section.ANSWER);
            Name before = owner;
            // An alias chain within one answer is at most as long as the answer, even if it is a circle.
            for (int hop = 0; hop < answers.size(); hop++) {
                List<Record> alias = of(owner, Type.CNAME, answers);
                if (alias.isEmpty()) {
                    break;
                }
                ttl = Math.min(ttl, alias.get(0).getTTL());
                owner = ((CNAMERecord) alias.get(0)).getTarget();
            }
            List<Record> records = of(owner, type, answers);
            if (!records.isEmpty()) {
                for (Record record : records) {
                    ttl = Math.min(ttl, record.getTTL());
                }
                return new Answer(Outcome.FOUND, owner, records, message.getSection(Section.ADDITIONAL), ttl, "");
            }
            if (message.getRcode() == Rcode.NXDOMAIN) {
                return Answer.nothing(Outcome.NO_NAME, owner, "");
            }
            if (owner.equals(before)) {
                return Answer.nothing(Outcome.NO_DATA, owner, "");
            }
        }
        return Answer.nothing(
                Outcome.FAILED, owner, Type.string(type) + " of " + name + ": more than " + MOST_ALIASES + " aliases");
    }

    static List<Record> of(Name owner, int type, List<Record> all) {
        List<Record> records = new ArrayList<>();
        for (Record record : all) {
            if (record.getType() == type && record.getName().equals(owner)) {
                records.add(record);
            }
        }
        return records;
    }

    /** The addresses of A and AAAA records, in order and without repetition. */
    static List<String> hosts(List<Record> records) {
        TreeSet<String> hosts = new TreeSet<>();
        for (Record record : records) {
            InetAddress address = null;
            if (record instanceof ARecord v4) {
                address = v4.getAddress();
            } else if (record instanceof AAAARecord v6) {
                address = v6.getAddress();
            }
            if (address != null) {
                hosts.add(address.getHostAddress());
            }
        }
        return List.copyOf(hosts);
    }
}
