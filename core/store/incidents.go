// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outage"
)

var _ outage.Store = (*Store)(nil)

const incidentColumns = "i.id, i.account, i.network, i.code, i.sentence, i.action, i.trouble, i.opened_at, i.back_at, i.ended_at, i.done"

func scanIncident(r row) outage.Incident {
	return outage.Incident{ID: r.int(0), Account: chat.Account(r.text(1)), Network: chat.Network(r.text(2)),
		Why:     chat.Reason{Code: r.text(3), Sentence: r.text(4), Action: r.text(5)},
		Trouble: chat.Trouble(r.text(6)), OpenedAt: r.time(7), BackAt: r.time(8), EndedAt: r.time(9), Done: r.bool(10), Rooms: int(r.int(11))}
}

// Incidents implements outage.Incidents.
func (s *Store) Incidents(ctx context.Context, since time.Time) (list []outage.Incident, err error) {
	err = s.read(ctx, func(c *conn) error {
		return c.query("SELECT "+incidentColumns+`, (SELECT count(*) FROM notice n WHERE n.incident = i.id)
			FROM incident i WHERE i.done = 0 OR i.ended_at >= ? ORDER BY i.id`, func(r row) error {
			list = append(list, scanIncident(r))
			return nil
		}, since)
	})
	if err != nil {
		return nil, fmt.Errorf("list incidents: %w", err)
	}
	return list, nil
}

// SaveIncident implements outage.Incidents.
func (s *Store) SaveIncident(ctx context.Context, i outage.Incident) (id int64, err error) {
	err = s.writeVital(ctx, func(tx *Tx) error {
		id, err = tx.saveIncident(i)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("save incident: %w", err)
	}
	return id, nil
}

// Away implements outbox.Lanes.
func (t *Tx) Away(a chat.Account, at time.Time) (bool, error) {
	n, err := t.c.number("SELECT count(*) FROM incident WHERE account = ?1 AND opened_at <= ?2 AND (back_at = 0 OR back_at > ?2) AND trouble <> ?3",
		a, at, chat.TroubleDeaf)
	return n > 0, err
}

func (t *Tx) saveIncident(i outage.Incident) (id int64, err error) {
	if i.ID == 0 {
		if i.ID, err = t.id(); err != nil {
			return 0, err
		}
	}
	_, err = t.c.exec(`INSERT INTO incident (id, account, network, code, sentence, action, trouble, opened_at, back_at, ended_at, done)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET code = excluded.code, sentence = excluded.sentence,
		action = excluded.action, trouble = excluded.trouble, back_at = excluded.back_at, ended_at = excluded.ended_at, done = excluded.done`,
		i.ID, i.Account, i.Network, i.Why.Code, i.Why.Sentence, i.Why.Action, i.Trouble, i.OpenedAt, i.BackAt, i.EndedAt, i.Done)
	return i.ID, err
}

// pruneIncidents forgets incidents that are done since before a time. The messages that told of them go as others do.
func (t *Tx) pruneIncidents(before time.Time) error {
	for _, sql := range []string{
		"DELETE FROM notice_chat WHERE incident IN (SELECT id FROM incident WHERE done = 1 AND ended_at < ?)",
		"DELETE FROM notice WHERE incident IN (SELECT id FROM incident WHERE done = 1 AND ended_at < ?)",
		"DELETE FROM incident WHERE done = 1 AND ended_at < ?",
	} {
		if _, err := t.c.exec(sql, before); err != nil {
			return err
		}
	}
	return nil
}
