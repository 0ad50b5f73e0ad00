-- What was seen of a certificate's names before an order: how many looks in a row found that a CA would refuse, since when, at which look
-- last, and what it was; and what a CA may get by. Findings are lines of their own.
ALTER TABLE certificate ADD COLUMN looks_failed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE certificate ADD COLUMN not_ready_since TEXT;
ALTER TABLE certificate ADD COLUMN not_ready_at TEXT;
ALTER TABLE certificate ADD COLUMN not_ready_why TEXT;
ALTER TABLE certificate ADD COLUMN advice TEXT;
