package io.evenkeel.kubernetes;

import com.google.gson.stream.MalformedJsonException;
import java.io.FilterReader;
import java.io.IOException;
import java.io.Reader;

/**
 * A reader that ends with an exception where more comes than an answer can have, so that no answer fills the memory.
 */
final class BoundedReader extends FilterReader {

    private long most;
    private long left;

    BoundedReader(Reader source, long most) {
        super(source);
        this.most = most;
        this.left = most;
    }

    /** From here on as many again. */
    void restart(long chars) {
        most = chars;
        left = chars;
    }

    @Override
    public int read() throws IOException {
        int c = super.read();
        return c < 0 ? c : count(1, c);
    }

    @Override
    public int read(char[] buffer, int offset, int length) throws IOException {
        int read = super.read(buffer, offset, length);
        return read < 0 ? read : count(read, read);
    }

    private int count(int read, int result) throws IOException {
        left -= read;
        if (left < 0) {
            throw new MalformedJsonException("an answer of more than " + most + " characters");
        }
        return result;
    }
}
