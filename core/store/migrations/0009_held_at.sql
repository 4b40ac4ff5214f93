-- SPDX-License-Identifier: Apache-2.0

-- When a hold was made. A clock that is set back while the router is down must not make the hold longer than it was.
ALTER TABLE lane ADD COLUMN held_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN held_at INTEGER NOT NULL DEFAULT 0;
