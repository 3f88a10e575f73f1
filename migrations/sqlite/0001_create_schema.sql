-- A row of the resource tables holds one serialised lmgate.v1.Resource without its hash. Literal
-- secrets in it are sealed (AES-256-GCM under the control plane's secret.key). The columns beside
-- `body` repeat what SQL itself must know: identity, uniqueness, references.

CREATE TABLE meta (
  name TEXT NOT NULL PRIMARY KEY,
  value BLOB NOT NULL
);

CREATE TABLE connections (
  name TEXT NOT NULL PRIMARY KEY,
  revision BIGINT NOT NULL,
  body BLOB NOT NULL
);

CREATE TABLE routes (
  name TEXT NOT NULL PRIMARY KEY,
  revision BIGINT NOT NULL,
  body BLOB NOT NULL
);

CREATE TABLE groups (
  name TEXT NOT NULL PRIMARY KEY,
  revision BIGINT NOT NULL,
  body BLOB NOT NULL
);

-- One row, whose name is ''.
CREATE TABLE settings (
  name TEXT NOT NULL PRIMARY KEY,
  revision BIGINT NOT NULL,
  body BLOB NOT NULL
);

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

-- One row a commit; the newest revision is the revision of the configuration.
CREATE TABLE changes (
  revision BIGINT NOT NULL PRIMARY KEY,
  -- Unix microseconds.
  committed_at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  operation TEXT NOT NULL
);

-- What a commit did to each resource. before_body NULL = new, after_body NULL = removed. Bodies as
-- in the resource tables, but without the digests of keys: a revoked secret is forgotten.
CREATE TABLE change_items (
  revision BIGINT NOT NULL REFERENCES changes (revision),
  position INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  name TEXT NOT NULL,
  before_body BLOB,
  after_body BLOB,
  PRIMARY KEY (revision, position)
);
