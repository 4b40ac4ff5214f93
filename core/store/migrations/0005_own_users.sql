-- SPDX-License-Identifier: Apache-2.0

-- The ids under which others see our accounts.
CREATE TABLE own_user (
  network TEXT NOT NULL,
  user    TEXT NOT NULL,
  account INTEGER NOT NULL,
  PRIMARY KEY (network, user)
) STRICT, WITHOUT ROWID;
