-- SPDX-License-Identifier: Apache-2.0

-- What a copy shows besides text.
ALTER TABLE copy ADD COLUMN form TEXT NOT NULL DEFAULT '';

-- A post with media has a row for each of them, at its place, also for those of the post's own delivery.
ALTER TABLE post_member ADD COLUMN message INTEGER NOT NULL DEFAULT 0;
ALTER TABLE post_member ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
ALTER TABLE post_member ADD COLUMN form TEXT NOT NULL DEFAULT '';
CREATE INDEX post_member_delivery ON post_member (delivery);
