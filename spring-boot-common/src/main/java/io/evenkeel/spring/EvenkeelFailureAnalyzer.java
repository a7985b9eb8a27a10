package io.evenkeel.spring;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Says which properties to change when a setting was refused. */
final class EvenkeelFailureAnalyzer extends AbstractFailureAnalyzer<InvalidEvenkeelSettingException> {

    @Override
    protected FailureAnalysis analyze(Throwable root, InvalidEvenkeelSettingException refused) {
        String message = refused.why();
        return new FailureAnalysis(
                "Evenkeel can't balance " + refused.what() + ":\n\n    " + message,
                "Change the properties under " + refused.prefix()
                        + " (the message names the setting in the form of the API:"
                        + " moveWindow is move-window), or switch it off with " + refused.prefix() + ".enabled=false.",
                refused);
    }
}
