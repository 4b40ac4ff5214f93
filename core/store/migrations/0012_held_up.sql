-- SPDX-License-Identifier: Apache-2.0

-- How long the machine was up, in milliseconds, when a hold was made; 0: not known, or before it was started anew.
ALTER TABLE lane ADD COLUMN held_up INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN held_up INTEGER NOT NULL DEFAULT 0;
