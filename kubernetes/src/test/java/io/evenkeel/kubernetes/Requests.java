package io.evenkeel.kubernetes;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import okhttp3.Call;
import okhttp3.Request;

/** What a connection would send, seen at the last moment before it does. */
final class Requests {

    private Requests() {}

    static Request sent(ApiConnection connection) {
        AtomicReference<Request> seen = new AtomicReference<>();
        Call call = connection
                .http()
                .newBuilder()
                .addInterceptor(chain -> {
                    seen.set(chain.request());
                    throw new IOException("seen");
                })
                .build()
                .newCall(connection.get("/x", Map.of()).request());
        assertThatThrownBy(call::execute).isInstanceOf(IOException.class).hasMessage("seen");
        return seen.get();
    }
}
