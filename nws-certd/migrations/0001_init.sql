-- Times are RFC 3339 in UTC, names are separated by one space, so that an operator can read a copy with the sqlite3 shell.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- The account at each CA; its key is a file of its own.
CREATE TABLE account (
    directory TEXT PRIMARY KEY,
    url       TEXT NOT NULL
) STRICT;

-- A set of names with a kind of key. The chain and key are the newest issued; the ones before are kept until the new are served.
CREATE TABLE certificate (
    id             INTEGER PRIMARY KEY,
    names          TEXT NOT NULL,
    key_type       TEXT NOT NULL,
    chain          TEXT,
    sealed_key     BLOB,
    issued_at      TEXT,
    previous_chain TEXT,
    previous_key   BLOB,
    failures       INTEGER NOT NULL DEFAULT 0,
    wait_until     TEXT,
    last_error     TEXT,
    UNIQUE (names, key_type)
) STRICT;

-- Who wants which certificate, as the newest commit says.
CREATE TABLE want (
    target      TEXT NOT NULL,
    namespace   TEXT NOT NULL,
    secret      TEXT NOT NULL,
    certificate INTEGER NOT NULL REFERENCES certificate (id),
    source      TEXT NOT NULL,
    PRIMARY KEY (target, namespace, secret)
) STRICT;

-- One certificate in one file of the repository.
CREATE TABLE delivery (
    target      TEXT NOT NULL,
    namespace   TEXT NOT NULL,
    secret      TEXT NOT NULL,
    path        TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    git_commit  TEXT NOT NULL,
    pushed_at   TEXT NOT NULL,
    PRIMARY KEY (target, namespace, secret)
) STRICT;

-- Orders at the CA. A row exists before newOrder is sent; its id is the SHA-256 of the key it is for.
CREATE TABLE acme_order (
    id          TEXT PRIMARY KEY,
    certificate INTEGER NOT NULL REFERENCES certificate (id),
    epoch       INTEGER NOT NULL,
    sealed_key  BLOB NOT NULL,
    started_at  TEXT NOT NULL,
    state       TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'issued', 'ended')),
    url         TEXT,
    csr         BLOB,
    ended_at    TEXT,
    error       TEXT
) STRICT;

-- At most one open order a certificate: nothing is ordered twice.
CREATE UNIQUE INDEX one_open_order ON acme_order (certificate) WHERE state = 'open';

-- What validators are answered, until when.
CREATE TABLE answer (
    token             TEXT PRIMARY KEY,
    key_authorization TEXT NOT NULL,
    until             TEXT NOT NULL
) STRICT;
