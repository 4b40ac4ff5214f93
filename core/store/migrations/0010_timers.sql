-- SPDX-License-Identifier: Apache-2.0

-- After how many milliseconds messages of a chat disappear, as its network told last; 0: they stay.
ALTER TABLE chat ADD COLUMN timer INTEGER NOT NULL DEFAULT 0;
