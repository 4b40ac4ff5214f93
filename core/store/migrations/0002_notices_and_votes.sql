-- SPDX-License-Identifier: Apache-2.0

-- What a chat hears of what happens in the others: 'none', 'changes', 'all'.
ALTER TABLE link ADD COLUMN notices TEXT NOT NULL DEFAULT 'changes';

-- What people have chosen in a poll, in the chat in which they did so. Identity 0 stands for all voters of a chat whom
-- the network does not name.
CREATE TABLE vote (
  message  INTEGER NOT NULL,
  chat     INTEGER NOT NULL,
  identity INTEGER NOT NULL,
  option   INTEGER NOT NULL,
  votes    INTEGER NOT NULL,
  PRIMARY KEY (message, chat, identity, option)
) STRICT, WITHOUT ROWID;
