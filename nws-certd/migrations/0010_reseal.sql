-- That an operator wants everything sealed anew that is sealed to others than it would be now, and since when; one row at most.
CREATE TABLE sealing_anew (
    only     INTEGER PRIMARY KEY CHECK (only = 1),
    asked_at TEXT NOT NULL
) STRICT;
