package io.evenkeel.jdbc.pool;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.jdbc.handle.DelegatingConnection;
import io.evenkeel.jdbc.handle.Fault;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/** What a caller gets: the connection of the seat that it holds until it closes this. */
final class PooledConnection extends DelegatingConnection {
    private final Returns returns;
    private final Seat seat;
    private final Session session;
    private @Nullable Loan loan;

    /** Something was done that may have begun a transaction, or left a warning. */
    private boolean used;

    private Fault fault = Fault.NONE;
    private boolean released;

    PooledConnection(Returns returns, Seat seat, Session session) {
        super(session.connection());
        this.returns = returns;
        this.seat = seat;
        this.session = session;
    }

    /** Has its return observed. */
    void observe(Loan newLoan) {
        loan = newLoan;
    }

    @Override
    protected void release(Connection connection) throws SQLException {
        released = true;
        seat.uses++;
        endLoan();
        boolean clean = false;
        try {
            if (!fault.evicts()) {
                restore(connection);
                clean = !session.isEvicted();
            }
        } finally {
            if (!clean) {
                returns.releaseBroken(seat);
            } else if (fault.validates()) {
                returns.releaseUnclear(seat);
            } else {
                returns.release(seat);
            }
        }
    }

    private void endLoan() {
        if (loan != null) {
            loan.end();
        }
    }

    /** As HikariCP does it, and in its order. */
    private void restore(Connection connection) throws SQLException {
        if (session.hasStatements()) {
            session.closeStatements();
        }
        if (used) {
            if (!session.isAutoCommit()) {
                connection.rollback();
            }
            connection.clearWarnings();
        }
        session.reset();
    }

    @Override
    protected void opened(Statement statement) {
        if (!released) {
            used = true;
            session.opened(statement);
        }
    }

    @Override
    protected void closed(Statement statement) {
        if (!released) {
            session.closed(statement);
        }
    }

    @Override
    public DatabaseMetaData getMetaData() throws SQLException {
        used = true;
        return super.getMetaData();
    }

    @Override
    public Savepoint setSavepoint() throws SQLException {
        used = true;
        return super.setSavepoint();
    }

    @Override
    public Savepoint setSavepoint(String name) throws SQLException {
        used = true;
        return super.setSavepoint(name);
    }

    @Override
    public void commit() throws SQLException {
        super.commit();
        // A statement that is open may be executed again, which is not seen from here.
        used = session.hasStatements();
    }

    @Override
    public void rollback() throws SQLException {
        super.rollback();
        used = session.hasStatements();
    }

    @Override
    public void setAutoCommit(boolean value) throws SQLException {
        super.setAutoCommit(value);
        session.autoCommit(value);
    }

    @Override
    public void setReadOnly(boolean value) throws SQLException {
        super.setReadOnly(value);
        session.readOnly(value);
    }

    @Override
    public void setTransactionIsolation(int level) throws SQLException {
        super.setTransactionIsolation(level);
        session.isolation(level);
    }

    @Override
    public void setNetworkTimeout(Executor executor, int milliseconds) throws SQLException {
        super.setNetworkTimeout(executor, milliseconds);
        session.networkTimeout(milliseconds);
    }

    @Override
    public void setCatalog(String catalog) throws SQLException {
        super.setCatalog(catalog);
        session.catalog(catalog);
    }

    @Override
    public void setSchema(String schema) throws SQLException {
        super.setSchema(schema);
        session.schema(schema);
    }

    @Override
    protected Fault classify(SQLException failure) {
        return returns.classify(failure);
    }

    @Override
    protected void faulted(Fault graver, SQLException failure) {
        fault = graver;
        if (graver.countsInUse()) {
            returns.broke(seat, failure);
        }
    }

    @Override
    protected String pool() {
        return returns.name();
    }

    @Override
    public EndpointKey endpoint() {
        return seat.pod.key();
    }
}
