package io.evenkeel.kubernetes.fake;

/** What a request asks for, by the names that RBAC uses; a GET of a collection is a list or, with {@code watch=true}, a watch. */
public enum Verb {
    GET,
    LIST,
    WATCH,
    CREATE,
    UPDATE,
    PATCH,
    DELETE
}
