package io.evenkeel.demo.rsocket;

import java.util.List;
import java.util.Locale;

/**
 * Something counted or measured.
 *
 * @param digits after the point, when printed
 * @param remark why, or of what, or empty
 */
public record Figure(String what, double value, int digits, String remark) {
    static Figure count(String what, double value) {
        return new Figure(what, value, 0, "");
    }

    static Figure count(String what, double value, String remark) {
        return new Figure(what, value, 0, remark);
    }

    static Figure millis(String what, double value) {
        return new Figure(what, value, 1, "");
    }

    static Figure ratio(String what, double value) {
        return new Figure(what, value, 3, "");
    }

    /** The value of the figure with that name. */
    public static double of(List<Figure> figures, String what) {
        return figures.stream()
                .filter(figure -> figure.what().equals(what))
                .mapToDouble(Figure::value)
                .findFirst()
                .orElseThrow(
                        () -> new IllegalArgumentException("figure: " + what + " (expected: one of " + figures + ")"));
    }

    String text() {
        return String.format(Locale.ROOT, "%." + digits + "f", value);
    }
}
