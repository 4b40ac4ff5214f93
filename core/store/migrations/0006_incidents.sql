-- SPDX-License-Identifier: Apache-2.0

-- The language in which the router speaks in a room, as a code of BCP 47; '': English.
ALTER TABLE room ADD COLUMN language TEXT NOT NULL DEFAULT '';

-- Outages of accounts. One that is done is kept as long as deliveries are.
CREATE TABLE incident (
  id        INTEGER PRIMARY KEY,
  account   TEXT NOT NULL,
  network   TEXT NOT NULL,
  code      TEXT NOT NULL,
  sentence  TEXT NOT NULL,
  action    TEXT NOT NULL,
  trouble   TEXT NOT NULL,
  opened_at INTEGER NOT NULL,
  back_at   INTEGER NOT NULL,
  ended_at  INTEGER NOT NULL,
  done      INTEGER NOT NULL
) STRICT;
CREATE INDEX incident_open ON incident (id) WHERE done = 0;
CREATE INDEX incident_ended ON incident (ended_at);

-- What a room was told of an incident: one message, of which ended_at says when its edit was planned.
CREATE TABLE notice (
  incident  INTEGER NOT NULL,
  room      INTEGER NOT NULL,
  message   INTEGER NOT NULL,
  told_at   INTEGER NOT NULL,
  ended_at  INTEGER NOT NULL,
  delivered INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (incident, room)
) STRICT, WITHOUT ROWID;
CREATE INDEX notice_ended ON notice (ended_at);

-- The chats in which it was told. What stands there are copies of the message.
CREATE TABLE notice_chat (
  incident INTEGER NOT NULL,
  chat     INTEGER NOT NULL,
  room     INTEGER NOT NULL,
  told_at  INTEGER NOT NULL,
  PRIMARY KEY (incident, chat)
) STRICT, WITHOUT ROWID;
CREATE INDEX notice_chat_told ON notice_chat (told_at);

-- Who came and went since the last line about it, by chat and kind, counted until the next one.
CREATE TABLE gathering (
  chat  INTEGER NOT NULL,
  kind  TEXT NOT NULL,
  since INTEGER NOT NULL,
  count INTEGER NOT NULL,
  names TEXT NOT NULL,
  PRIMARY KEY (chat, kind)
) STRICT, WITHOUT ROWID;
