-- Since when every order for a certificate has failed as its names' fault; and since when and why nothing is ordered for it, as one of
-- its names leads somewhere else.
ALTER TABLE certificate ADD COLUMN failing_since TEXT;
ALTER TABLE certificate ADD COLUMN parked_at TEXT;
ALTER TABLE certificate ADD COLUMN parked_why TEXT;
