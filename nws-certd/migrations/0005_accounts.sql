-- When we ended the account at a CA; nothing is ordered there with it any more.
ALTER TABLE account ADD COLUMN ended_at TEXT;
