package orders;

/** What a client says when it connects. */
public record Hello(String team) {}
