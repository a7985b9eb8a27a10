package orders;

import java.util.List;

/** What both sides exchange, in the first format of the strategies: CBOR where it is there, else JSON. */
public record Order(int number, String client, List<String> states) {}
