-- SPDX-License-Identifier: Apache-2.0

-- Until when the buckets of lanes, and of whole accounts (chat 0), are not full for certain: a restart must not refill them.
CREATE TABLE paced (
  account INTEGER NOT NULL,
  chat    INTEGER NOT NULL,
  until   INTEGER NOT NULL,
  PRIMARY KEY (account, chat)
) STRICT, WITHOUT ROWID;
