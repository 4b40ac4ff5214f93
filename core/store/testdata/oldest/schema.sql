-- FROZEN: the first schema as it was released. Never change this file: stores of that time exist, and the test that
-- reads it proves that they still open.
-- SPDX-License-Identifier: Apache-2.0
--
-- Times are milliseconds since 1970, 0 or NULL: none. Ids come from id_counter and grow with time. Tables that every
-- message writes to have no foreign keys: their rows are written by one process, in one transaction each.

CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE id_counter (
  one  INTEGER PRIMARY KEY CHECK (one = 1),
  next INTEGER NOT NULL
) STRICT;
INSERT INTO id_counter (one, next) VALUES (1, 1);

-- What chats can show, by the hash of the data.
CREATE TABLE capabilities (
  hash TEXT PRIMARY KEY,
  data TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE account (
  id            INTEGER PRIMARY KEY,
  name          TEXT NOT NULL UNIQUE,
  network       TEXT NOT NULL DEFAULT '',
  state         TEXT NOT NULL DEFAULT 'starting',
  code          TEXT NOT NULL DEFAULT '',
  sentence      TEXT NOT NULL DEFAULT '',
  action        TEXT NOT NULL DEFAULT '',
  since         INTEGER NOT NULL DEFAULT 0,
  epoch         INTEGER NOT NULL DEFAULT 0,
  last_seq      INTEGER NOT NULL DEFAULT 0,
  capabilities  TEXT NOT NULL DEFAULT '',
  hold_until    INTEGER NOT NULL DEFAULT 0,
  until_resumed INTEGER NOT NULL DEFAULT 0,
  hold_code     TEXT NOT NULL DEFAULT '',
  hold_sentence TEXT NOT NULL DEFAULT '',
  hold_action   TEXT NOT NULL DEFAULT '',
  fails         INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE chat (
  id           INTEGER PRIMARY KEY,
  account      INTEGER NOT NULL REFERENCES account (id),
  network      TEXT NOT NULL,
  remote_id    TEXT NOT NULL,
  remote_group TEXT NOT NULL,
  parent       TEXT NOT NULL DEFAULT '',
  title        TEXT NOT NULL DEFAULT '',
  members      INTEGER NOT NULL DEFAULT 0,
  capabilities TEXT NOT NULL DEFAULT '',   -- '': the account's
  can_post     INTEGER NOT NULL DEFAULT 1,
  gone         INTEGER NOT NULL DEFAULT 0,
  why_code     TEXT NOT NULL DEFAULT '',
  why_sentence TEXT NOT NULL DEFAULT '',
  why_action   TEXT NOT NULL DEFAULT '',
  UNIQUE (account, remote_id)
) STRICT;

-- Lanes that rest, or that failed; all others have no row.
CREATE TABLE lane (
  chat          INTEGER PRIMARY KEY,
  hold_until    INTEGER NOT NULL,
  until_resumed INTEGER NOT NULL,
  why_code      TEXT NOT NULL,
  why_sentence  TEXT NOT NULL,
  why_action    TEXT NOT NULL,
  fails         INTEGER NOT NULL
) STRICT;

CREATE TABLE room (
  id          INTEGER PRIMARY KEY,
  name        TEXT NOT NULL UNIQUE,
  title       TEXT NOT NULL DEFAULT '',
  from_config INTEGER NOT NULL DEFAULT 0,
  next_seq    INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE link (
  chat         INTEGER PRIMARY KEY REFERENCES chat (id),
  room         INTEGER NOT NULL REFERENCES room (id),
  direction    TEXT NOT NULL,
  paused       INTEGER NOT NULL DEFAULT 0,
  name_style   TEXT NOT NULL,
  on_uncertain TEXT NOT NULL,
  from_config  INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX link_room ON link (room);

CREATE TABLE person (
  id      INTEGER PRIMARY KEY,
  display TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE identity (
  id      INTEGER PRIMARY KEY,
  network TEXT NOT NULL,
  user    TEXT NOT NULL,
  person  INTEGER REFERENCES person (id),
  name    TEXT NOT NULL DEFAULT '',
  UNIQUE (network, user)
) STRICT;
CREATE INDEX identity_person ON identity (person) WHERE person IS NOT NULL;

CREATE TABLE alias (
  network  TEXT NOT NULL,
  kind     TEXT NOT NULL,
  value    TEXT NOT NULL,
  identity INTEGER NOT NULL,
  PRIMARY KEY (network, kind, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX alias_identity ON alias (identity);

-- What a bridge wants back at its next start.
CREATE TABLE source_cursor (
  account INTEGER NOT NULL,
  item    TEXT NOT NULL,
  value   BLOB NOT NULL,
  PRIMARY KEY (account, item)
) STRICT, WITHOUT ROWID;

-- Events that were seen. The payload is kept only of those that could not be handled.
CREATE TABLE journal (
  account INTEGER NOT NULL,
  key     TEXT NOT NULL,
  chat    INTEGER NOT NULL,
  kind    TEXT NOT NULL,
  seen_at INTEGER NOT NULL,
  payload BLOB,
  PRIMARY KEY (account, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE message (
  id          INTEGER PRIMARY KEY,
  room        INTEGER NOT NULL,
  seq         INTEGER NOT NULL,
  origin      INTEGER NOT NULL,
  sender      INTEGER NOT NULL,
  sender_kind TEXT NOT NULL,
  sent_at     INTEGER NOT NULL,
  changed_at  INTEGER NOT NULL,   -- our own clock; retention counts from it
  reply_to    INTEGER NOT NULL DEFAULT 0,
  revision    INTEGER NOT NULL DEFAULT 0,
  deleted     INTEGER NOT NULL DEFAULT 0,
  expires_at  INTEGER NOT NULL DEFAULT 0,
  content     TEXT,               -- NULL: erased
  UNIQUE (room, seq)
) STRICT;
CREATE INDEX message_body ON message (id) WHERE content IS NOT NULL;
CREATE INDEX message_expiry ON message (expires_at) WHERE expires_at > 0 AND content IS NOT NULL;

-- Where parts of messages stand. The origin is a copy too; at is the offset inside a merged post.
CREATE TABLE copy (
  chat      INTEGER NOT NULL,
  remote_id TEXT NOT NULL,
  at        INTEGER NOT NULL,
  id        INTEGER NOT NULL,     -- the age
  message   INTEGER NOT NULL,
  part      INTEGER NOT NULL,
  revision  INTEGER NOT NULL,
  digest    TEXT NOT NULL,
  origin    INTEGER NOT NULL,
  sent_at   INTEGER NOT NULL,
  edits     INTEGER NOT NULL,
  emoji     TEXT NOT NULL,        -- a JSON array, or ''
  PRIMARY KEY (chat, remote_id, at)
) STRICT, WITHOUT ROWID;
CREATE INDEX copy_message ON copy (message, chat);

CREATE TABLE reaction (
  message  INTEGER NOT NULL,
  identity INTEGER NOT NULL,
  chat     INTEGER NOT NULL,
  emoji    TEXT NOT NULL,
  PRIMARY KEY (message, identity, chat, emoji)
) STRICT, WITHOUT ROWID;

-- The bytes lie in the spool.
CREATE TABLE media (
  sha256    TEXT PRIMARY KEY,
  size      INTEGER NOT NULL,
  mime      TEXT NOT NULL,
  stored_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE delivery (
  id           INTEGER PRIMARY KEY,
  chat         INTEGER NOT NULL,
  kind         TEXT NOT NULL,
  message      INTEGER NOT NULL,
  revision     INTEGER NOT NULL,
  state        TEXT NOT NULL,
  planned_at   INTEGER NOT NULL,
  ended_at     INTEGER,           -- NULL: open
  why_code     TEXT NOT NULL DEFAULT '',
  why_sentence TEXT NOT NULL DEFAULT '',
  why_action   TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX delivery_open ON delivery (chat) WHERE ended_at IS NULL;
CREATE INDEX delivery_message ON delivery (message);
CREATE INDEX delivery_failed ON delivery (ended_at) WHERE ended_at IS NOT NULL AND state <> 'delivered';

-- Posts that have not ended, with their frozen content.
CREATE TABLE post (
  delivery INTEGER NOT NULL,
  id       INTEGER NOT NULL,
  chat     INTEGER NOT NULL,
  message  INTEGER NOT NULL,
  part     INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  key      TEXT NOT NULL,
  remote   TEXT NOT NULL,         -- the chat's remote id at the last call
  frozen   TEXT NOT NULL,
  state    TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  deaths   INTEGER NOT NULL,
  epoch    INTEGER NOT NULL,
  sent_at  INTEGER NOT NULL,
  outcome  TEXT NOT NULL,         -- JSON, or ''
  PRIMARY KEY (delivery, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX post_key ON post (key);

-- Further deliveries that a merged post carries.
CREATE TABLE post_member (
  post     INTEGER NOT NULL,
  delivery INTEGER NOT NULL,
  part     INTEGER NOT NULL,
  at       INTEGER NOT NULL,
  PRIMARY KEY (post, delivery, part)
) STRICT, WITHOUT ROWID;
