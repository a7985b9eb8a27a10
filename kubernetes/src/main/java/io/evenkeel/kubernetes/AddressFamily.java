package io.evenkeel.kubernetes;

/** Which of a dual-stack Pod's addresses is used. */
public enum AddressFamily {
    IPV4("IPv4"),
    IPV6("IPv6");

    private final String addressType;

    AddressFamily(String addressType) {
        this.addressType = addressType;
    }

    /** As EndpointSlices write it in {@code addressType}. */
    public String addressType() {
        return addressType;
    }
}
