package io.evenkeel.source.dns;

import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
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

    static final Duration LONGEST = Duration.ofSeconds(20);

    private static final int MOST_ALIASES = 8;

    private final DnsClient client;
    private final DnsConfig config;
    private final @Nullable Name before;
    private final long deadline;

    /**
     * A look-up that has not begun.
     *
     * @param before the candidate that the name meant when it was last found, or null if it never was
     */
    DnsLookup(DnsClient client, DnsConfig config, @Nullable Name before) {
        this.client = client;
        this.config = config;
        this.before = before;
        this.deadline = client.deadlineAfter(LONGEST);
    }

    /** What DNS says of a name. */
    enum Outcome {
        /** There are records. */
        FOUND,
        /** The name exists, without records of this type. */
        NO_DATA,
        /** The name does not exist. */
        NO_NAME,
        /** No server answered, or what it answered contradicts itself. */
        FAILED
    }

    /**
     * An answer.
     *
     * @param candidate the absolute name that was asked for
     * @param owner the name that has the records, behind all aliases
     * @param records of the type that was asked for; empty unless found
     * @param additional what the server sent along
     * @param ttl seconds that all of this may be kept, the least of all records on the way; meaningless unless found
     * @param failure why there is no answer, empty otherwise
     */
    record Answer(
            Outcome outcome,
            Name candidate,
            Name owner,
            List<Record> records,
            List<Record> additional,
            long ttl,
            String failure) {

        static Answer nothing(Outcome outcome, Name owner, String failure) {
            return new Answer(outcome, owner, owner, List.of(), List.of(), 0, failure);
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
     * Asks for addresses, trying the search path: IPv4 where the name has any, else IPv6. Not both, because a Pod of
     * both families is one Pod, and DNS does not say which address belongs with which.
     */
    Answer addresses(Name name) {
        return firstOf(config.candidates(name), Type.A, Type.AAAA);
    }

    /** Addresses of many absolute names: together where that goes, one by one where it doesn't. */
    Map<Name, Answer> addresses(Collection<Name> names) {
        Map<Name, Answer> found = new HashMap<>();
        List<Name> without = new ArrayList<>();
        for (Map.Entry<Name, Message> answer : together(names, Type.A).entrySet()) {
            Answer understood = understand(answer.getKey(), Type.A, answer.getValue());
            if (understood != null && understood.outcome() == Outcome.NO_DATA) {
                without.add(answer.getKey());
            } else if (understood != null) {
                found.put(answer.getKey(), understood);
            }
        }
        for (Map.Entry<Name, Message> answer : together(without, Type.AAAA).entrySet()) {
            Answer understood = understand(answer.getKey(), Type.AAAA, answer.getValue());
            if (understood != null) {
                found.put(answer.getKey(), understood);
            }
        }
        for (Name name : names) {
            if (!found.containsKey(name)) {
                found.put(name, addresses(name));
            }
        }
        return found;
    }

    private Map<Name, Message> together(Collection<Name> names, int type) {
        try {
            return names.size() < 2 ? Map.of() : client.askAll(names, type, config);
        } catch (IOException failed) {
            return Map.of();
        }
    }

    /** What one whole answer says; null if more has to be asked. */
    private @Nullable Answer understand(Name name, int type, Message message) {
        Chain chain = new Chain(name);
        return chain.follow(message, type);
    }

    /**
     * As glibc, a candidate that fails does not end the search: a search domain of which no server knows anything is no
     * reason not to find an absolute name. Other than there, a failure that may hide the name counts more than "no such
     * name"; and a name that was found in one domain is not taken for another domain's while the first one fails.
     */
    private Answer firstOf(List<Name> candidates, int type, int otherwise) {
        @Nullable Answer empty = null;
        @Nullable Answer failed = null;
        @Nullable Answer none = null;
        for (Name candidate : candidates) {
            Answer answer = ask(candidate, type);
            if (answer.outcome() == Outcome.NO_DATA && otherwise >= 0) {
                answer = ask(candidate, otherwise);
            }
            switch (answer.outcome()) {
                case FOUND -> {
                    return failed == null || before == null || before.equals(candidate)
                            ? answer
                            : doubted(candidate, failed);
                }
                case FAILED -> failed = failed == null ? answer : failed;
                case NO_DATA -> empty = answer;
                case NO_NAME -> none = answer;
            }
        }
        if (failed != null) {
            return failed;
        }
        if (empty != null) {
            return empty;
        }
        return none != null ? none : Answer.nothing(Outcome.NO_NAME, Name.root, "");
    }

    private Answer doubted(Name candidate, Answer failed) {
        return Answer.nothing(
                Outcome.FAILED,
                candidate,
                failed.failure() + "; " + candidate + " is known, but not taken for " + before
                        + ", which it was before");
    }

    /** A chain of aliases from one name on, over as many answers as it takes. */
    private static final class Chain {

        private final Name first;
        private final Set<Name> visited = new HashSet<>();
        private Name owner;
        private long ttl = Long.MAX_VALUE;

        Chain(Name first) {
            this.first = first;
            this.owner = first;
            visited.add(first);
        }

        /** What this answer says; null if the alias at its end has to be asked for. */
        @Nullable
        Answer follow(Message message, int type) {
            List<Record> answers = message.getSection(Section.ANSWER);
            boolean moved = false;
            for (List<Record> alias = of(owner, Type.CNAME, answers);
                    !alias.isEmpty();
                    alias = of(owner, Type.CNAME, answers)) {
                ttl = Math.min(ttl, alias.get(0).getTTL());
                owner = ((CNAMERecord) alias.get(0)).getTarget();
                moved = true;
                if (!visited.add(owner)) {
                    return failed(type, "the aliases are a circle");
                }
                if (visited.size() > MOST_ALIASES) {
                    return failed(type, "more than " + MOST_ALIASES + " aliases");
                }
            }
            List<Record> records = of(owner, type, answers);
            if (!records.isEmpty()) {
                for (Record record : records) {
                    ttl = Math.min(ttl, record.getTTL());
                }
                return new Answer(
                        Outcome.FOUND, first, owner, records, message.getSection(Section.ADDITIONAL), ttl, "");
            }
            if (message.getRcode() == Rcode.NXDOMAIN) {
                return Answer.nothing(Outcome.NO_NAME, owner, "");
            }
            return moved ? null : Answer.nothing(Outcome.NO_DATA, owner, "");
        }

        Answer failed(int type, String why) {
            return Answer.nothing(Outcome.FAILED, owner, Type.string(type) + " of " + first + ": " + why);
        }
    }

    private Answer ask(Name name, int type) {
        Chain chain = new Chain(name);
        // Each turn but the last makes the chain longer, and that has an end.
        while (true) {
            try {
                Answer answer = chain.follow(client.ask(chain.owner, type, config, deadline), type);
                if (answer != null) {
                    return answer;
                }
            } catch (IOException failed) {
                return Answer.nothing(
                        Outcome.FAILED,
                        chain.owner,
                        Type.string(type) + " of " + chain.owner + ": " + failed.getMessage());
            }
        }
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
