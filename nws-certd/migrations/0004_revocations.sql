-- Which CA issued the certificate before the newest, so that it can be revoked there.
ALTER TABLE certificate ADD COLUMN previous_ca TEXT;

-- Certificates that are to be revoked, or were, each with its leaf, as it may be gone everywhere else by then.
-- public_key is the SHA-256 of its public key: no certificate is made for that any more.
CREATE TABLE revocation (
    fingerprint TEXT PRIMARY KEY,
    leaf        BLOB NOT NULL,
    public_key  TEXT NOT NULL,
    ca          TEXT NOT NULL,
    reason      TEXT NOT NULL,
    replacing   INTEGER NOT NULL CHECK (replacing IN (0, 1)),
    asked_at    TEXT NOT NULL,
    failures    INTEGER NOT NULL DEFAULT 0,
    wait_until  TEXT,
    last_error  TEXT,
    revoked_at  TEXT
) STRICT;

CREATE INDEX revocation_of_key ON revocation (public_key);
