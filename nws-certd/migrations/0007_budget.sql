-- What was used of each limit of a CA: the instant at which the bucket is whole again, which is all that GCRA keeps.
CREATE TABLE budget (
    ca       TEXT NOT NULL,
    kind     TEXT NOT NULL,
    subject  TEXT NOT NULL,
    whole_at TEXT NOT NULL,
    PRIMARY KEY (ca, kind, subject)
) STRICT;
