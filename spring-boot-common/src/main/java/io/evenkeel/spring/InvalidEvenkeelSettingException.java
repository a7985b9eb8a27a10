package io.evenkeel.spring;

/** A setting under {@code evenkeel.} was refused; shown to the user by {@link EvenkeelFailureAnalyzer}. */
public class InvalidEvenkeelSettingException extends IllegalStateException {
    private static final long serialVersionUID = 1;

    private final String why;
    private final String what;
    private final String prefix;

    InvalidEvenkeelSettingException(String what, String prefix, IllegalArgumentException cause) {
        super(what + " can't be balanced: " + cause.getMessage(), cause);
        this.why = String.valueOf(cause.getMessage());
        this.what = what;
        this.prefix = prefix;
    }

    String why() {
        return why;
    }

    String what() {
        return what;
    }

    String prefix() {
        return prefix;
    }
}
