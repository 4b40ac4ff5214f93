// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
)

// mediaInUse finds hashes in the frozen content of posts and in what messages of open deliveries say.
var mediaInUse = []string{
	`SELECT DISTINCT json_extract(m.value, '$.h') FROM post p, json_each(p.frozen, '$.m') m WHERE json_extract(m.value, '$.h') IS NOT NULL`,
	`SELECT DISTINCT json_extract(m.value, '$.h') FROM message s, json_each(s.content, '$.m') m WHERE s.content IS NOT NULL
		AND s.id IN (SELECT message FROM delivery WHERE ended_at IS NULL) AND json_extract(m.value, '$.h') IS NOT NULL`,
}

// MediaInUse returns the hash of every file in the spool that an open post or an open delivery names. It reads all of them
// in one snapshot, for as long as ctx allows. What messages name only by the reference of their network is not among it.
func (s *Store) MediaInUse(ctx context.Context) (map[string]bool, error) {
	used := map[string]bool{}
	err := s.readLong(ctx, func(c *conn) error {
		for _, sql := range mediaInUse {
			if err := c.query(sql, func(r row) error { used[r.text(0)] = true; return nil }); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list media in use: %w", err)
	}
	return used, nil
}
