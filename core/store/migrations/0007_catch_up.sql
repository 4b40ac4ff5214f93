-- SPDX-License-Identifier: Apache-2.0

-- What a chat is brought of what was said while its account could not be reached: 'all', 'digest', 'none'.
ALTER TABLE link ADD COLUMN catch_up TEXT NOT NULL DEFAULT 'all';
