-- Certificates have a profile, and come from one of several CAs.
-- SQLite cannot change a UNIQUE constraint, so the table is made anew; rows that refer to it find theirs again before the end.
PRAGMA defer_foreign_keys = ON;

CREATE TEMPORARY TABLE kept AS SELECT * FROM certificate;

DROP TABLE certificate;

-- A set of names with a kind of key and a profile, '' for whatever the CA's default is.
-- The chain and key are the newest issued, with who issued them and how; the ones before are kept until the new are served.
CREATE TABLE certificate (
    id             INTEGER PRIMARY KEY,
    names          TEXT NOT NULL,
    key_type       TEXT NOT NULL,
    profile        TEXT NOT NULL DEFAULT '',
    chain          TEXT,
    sealed_key     BLOB,
    issued_at      TEXT,
    ca             TEXT,
    issued_profile TEXT,
    previous_chain TEXT,
    previous_key   BLOB,
    failures       INTEGER NOT NULL DEFAULT 0,
    wait_until     TEXT,
    last_error     TEXT,
    asked_at       TEXT,
    UNIQUE (names, key_type, profile)
) STRICT;

INSERT INTO certificate
    (id, names, key_type, chain, sealed_key, issued_at, ca, previous_chain, previous_key, failures, wait_until, last_error)
SELECT id, names, key_type, chain, sealed_key, issued_at, (SELECT min(directory) FROM account HAVING count(*) = 1),
    previous_chain, previous_key, failures, wait_until, last_error
FROM kept;

DROP TABLE kept;

-- Which key the account at a CA has, as its thumbprint: between two key changes not every CA has the same.
ALTER TABLE account ADD COLUMN thumbprint TEXT;

-- At which CA an order is, and with which profile. There was one at a time before: the account's, unless another was configured once.
ALTER TABLE acme_order ADD COLUMN ca TEXT;
ALTER TABLE acme_order ADD COLUMN profile TEXT;
UPDATE acme_order SET ca = (SELECT min(directory) FROM account HAVING count(*) = 1);

-- What keeps orders from one CA, by what it is about, until when; 'held' is for a person to mend.
CREATE TABLE obstacle (
    ca         TEXT NOT NULL,
    kind       TEXT NOT NULL,
    subject    TEXT NOT NULL,
    held       INTEGER NOT NULL CHECK (held IN (0, 1)),
    until      TEXT NOT NULL,
    detail     TEXT NOT NULL,
    PRIMARY KEY (ca, kind, subject)
) STRICT;

-- What the CA last said of when to renew a certificate, by its leaf, and when to ask again (RFC 9773).
CREATE TABLE renewal_info (
    fingerprint     TEXT PRIMARY KEY,
    window_start    TEXT,
    window_end      TEXT,
    explanation_url TEXT,
    asked_at        TEXT NOT NULL,
    next_at         TEXT NOT NULL,
    failures        INTEGER NOT NULL DEFAULT 0,
    last_error      TEXT
) STRICT;
