-- What was tried for a certificate, and how it ended, for people to read; the newest of each certificate are kept.
-- The same end of the same order several times in a row is one row: began_at is the first's, ended_at the last's.
CREATE TABLE attempt (
    id          INTEGER PRIMARY KEY,
    certificate INTEGER NOT NULL REFERENCES certificate (id),
    acme_order  TEXT NOT NULL REFERENCES acme_order (id),
    began_at    TEXT NOT NULL,
    ended_at    TEXT NOT NULL,
    times       INTEGER NOT NULL DEFAULT 1,
    outcome     TEXT NOT NULL CHECK (outcome IN ('issued', 'waits', 'failed')),
    error       TEXT
) STRICT;

CREATE INDEX attempt_of ON attempt (certificate, id);

-- Who wants a certificate, from the certificate.
CREATE INDEX want_of ON want (certificate);
