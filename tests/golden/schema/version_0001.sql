CREATE TABLE api_keys (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  group_name TEXT NOT NULL REFERENCES groups (name) DEFERRABLE INITIALLY DEFERRED,
  -- NULL once revoked.
  digest BLOB UNIQUE,
  revision BIGINT NOT NULL,
  body BLOB NOT NULL
);

CREATE INDEX api_keys_by_group ON api_keys (group_name);

CREATE TABLE change_items (
  revision BIGINT NOT NULL REFERENCES changes (revision),
  position INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  name TEXT NOT NULL,
  before_body BLOB,
  after_body BLOB,
  PRIMARY KEY (revision, position)
);

CREATE TABLE changes (
  revision BIGINT NOT NULL PRIMARY KEY,
  -- Unix microseconds.
  committed_at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  operation TEXT NOT NULL
);

CREATE TABLE connections (
  name TEXT NOT NULL PRIMARY KEY,
  revision BIGINT NOT NULL,
  body BLOB NOT NULL
);

CREATE TABLE groups (
  name TEXT NOT NULL PRIMARY KEY,
  revision BIGINT NOT NULL,
  body BLOB NOT NULL
);

CREATE TABLE meta (
  name TEXT NOT NULL PRIMARY KEY,
  value BLOB NOT NULL
);

CREATE TABLE routes (
  name TEXT NOT NULL PRIMARY KEY,
  revision BIGINT NOT NULL,
  body BLOB NOT NULL
);

CREATE TABLE schema_migrations (version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, program_version TEXT NOT NULL, applied_at BIGINT NOT NULL);

CREATE TABLE settings (
  name TEXT NOT NULL PRIMARY KEY,
  revision BIGINT NOT NULL,
  body BLOB NOT NULL
);

