-- Which certificate every address was last seen to serve, and since when: how long each cluster takes after a push.
CREATE TABLE served (
    certificate INTEGER NOT NULL REFERENCES certificate (id),
    address     TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    at          TEXT NOT NULL,
    PRIMARY KEY (certificate, address)
) STRICT;

-- The certificate that every address of every name was seen to serve, and when that was first so.
ALTER TABLE certificate ADD COLUMN served_fingerprint TEXT;
ALTER TABLE certificate ADD COLUMN served_at TEXT;
