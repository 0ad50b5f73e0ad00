-- Files of ours with a certificate, by the git blob, and since when they are known: 'written' before it was pushed, 'found' when the branch was first looked at, or 'served',
-- when somebody else wrote it and every edge was seen to serve its certificate. What has no row was written by somebody else.
CREATE TABLE blob (
    blob        TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    not_after   TEXT NOT NULL,
    since       TEXT NOT NULL,
    origin      TEXT NOT NULL CHECK (origin IN ('written', 'found', 'served'))
) STRICT;

-- The repositories that were looked at with this database: what is of ours in one that is not among them is believed, once.
CREATE TABLE first_look (
    repository TEXT PRIMARY KEY,
    at         TEXT NOT NULL
) STRICT;
