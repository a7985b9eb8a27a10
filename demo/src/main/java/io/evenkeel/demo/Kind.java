package io.evenkeel.demo;

/** The two clients that are compared. */
enum Kind {
    PLAIN("HikariCP", "plain"),
    EVENKEEL("Evenkeel", "evenkeel");

    private final String title;
    private final String applicationPrefix;

    Kind(String title, String applicationPrefix) {
        this.title = title;
        this.applicationPrefix = applicationPrefix;
    }

    String title() {
        return title;
    }

    /** The name under which one client process appears at the servers. */
    String application(int process) {
        return applicationPrefix + "-" + process;
    }

    boolean owns(String application) {
        return application.startsWith(applicationPrefix + "-");
    }
}
