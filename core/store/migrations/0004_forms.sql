-- SPDX-License-Identifier: Apache-2.0

-- What became of files that were converted for chats. The results lie in the spool; those with a code could not be made.
CREATE TABLE form (
  sha256  TEXT NOT NULL,          -- of the original
  form    TEXT NOT NULL,
  result  TEXT NOT NULL,          -- its sha256, or ''
  size    INTEGER NOT NULL,
  width   INTEGER NOT NULL,
  height  INTEGER NOT NULL,
  code    TEXT NOT NULL,
  made_at INTEGER NOT NULL,
  PRIMARY KEY (sha256, form)
) STRICT, WITHOUT ROWID;
