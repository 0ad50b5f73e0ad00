-- Secrets of ours that nobody wants: since when, as first seen; where they were last wanted; when they were last seen so; since when the
-- live object goes with its file; and when a person said that the removal is meant.
CREATE TABLE unwanted (
    target       TEXT NOT NULL,
    namespace    TEXT NOT NULL,
    secret       TEXT NOT NULL,
    source       TEXT,
    since        TEXT NOT NULL,
    seen_at      TEXT NOT NULL,
    let_go_at    TEXT,
    confirmed_at TEXT,
    PRIMARY KEY (target, namespace, secret)
) STRICT;
