-- SPDX-License-Identifier: Apache-2.0

-- Late answers are for posts in doubt. All others end with their call, and are not worth a row of an index each.
DROP INDEX post_key;
CREATE INDEX post_key ON post (key) WHERE state = 'uncertain';
