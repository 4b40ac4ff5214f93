// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
)

// account is an account's row as far as operations need it.
type account struct {
	id    int64
	name  chat.Account
	epoch uint64
	caps  string // their hash
	hold  outbox.Hold
}

const selectAccount = `SELECT id, epoch, capabilities, hold_until, until_resumed, hold_code, hold_sentence, hold_action, fails
	FROM account WHERE name = ?`

// account finds an account; ok is false when there is none.
func (t *Tx) account(name chat.Account) (a account, ok bool, err error) {
	if a, ok := t.w.cache.accounts[name]; ok {
		return a, true, nil
	}
	a.name = name
	ok, err = t.c.one(selectAccount, func(r row) error {
		a.id, a.epoch, a.caps, a.hold = r.int(0), uint64(r.int(1)), r.text(2), scanHold(r, 3)
		return nil
	}, name)
	if err != nil || !ok {
		return account{}, false, err
	}
	return remember(&t.w.cache.accounts, name, a), true, nil
}

// ensureAccount finds an account and makes it when it is new.
func (t *Tx) ensureAccount(name chat.Account, n chat.Network) (account, error) {
	a, ok, err := t.account(name)
	if err != nil || ok {
		return a, err
	}
	id, err := t.id()
	if err != nil {
		return account{}, err
	}
	_, err = t.c.exec("INSERT INTO account (id, name, network, since) VALUES (?, ?, ?, ?)", id, name, n, t.now)
	if err != nil {
		return account{}, err
	}
	a, _, err = t.account(name)
	return a, err
}

func (t *Tx) forgetAccount(name chat.Account) { delete(t.w.cache.accounts, name) }

// scanHold reads the six columns of a hold from i on.
func scanHold(r row, i int) outbox.Hold {
	return outbox.Hold{Until: r.time(i), UntilResumed: r.bool(i + 1), Fails: int(r.int(i + 5)),
		Why: chat.Reason{Code: r.text(i + 2), Sentence: r.text(i + 3), Action: r.text(i + 4)}}
}

// HoldAccount implements outbox.Lanes. An account that is not known has no lanes to rest.
func (t *Tx) HoldAccount(name chat.Account, h outbox.Hold) error {
	_, err := t.c.exec(`UPDATE account SET hold_until = ?, until_resumed = ?, hold_code = ?, hold_sentence = ?, hold_action = ?, fails = ?,
		held_at = ?, held_up = ? WHERE name = ?`, h.Until, h.UntilResumed, h.Why.Code, h.Why.Sentence, h.Why.Action, h.Fails, t.now, t.up(), name)
	t.forgetAccount(name)
	return err
}

// BeginLife begins a new life of an account's bridge, which it makes known if it is new. The epoch is one higher than any
// before and fences former lives. It returns the last event that is durable and what the bridge asked to get back.
func (s *Store) BeginLife(ctx context.Context, a chat.Account, n chat.Network) (epoch, lastSeq uint64, state []chat.StateItem, err error) {
	err = s.writeVital(ctx, func(tx *Tx) error {
		epoch, lastSeq, state, err = tx.beginLife(a, n)
		return err
	})
	if err != nil {
		return 0, 0, nil, fmt.Errorf("begin life: %w", err)
	}
	return epoch, lastSeq, state, nil
}

func (t *Tx) beginLife(name chat.Account, n chat.Network) (epoch, lastSeq uint64, state []chat.StateItem, err error) {
	a, err := t.ensureAccount(name, n)
	if err != nil {
		return 0, 0, nil, err
	}
	_, err = t.c.returning("UPDATE account SET epoch = epoch + 1, network = ? WHERE id = ? RETURNING epoch, last_seq", func(r row) error {
		epoch, lastSeq = uint64(r.int(0)), uint64(r.int(1))
		return nil
	}, n, a.id)
	if err != nil {
		return 0, 0, nil, err
	}
	t.forgetAccount(name)
	err = t.c.query("SELECT item, value FROM source_cursor WHERE account = ? ORDER BY item", func(r row) error {
		state = append(state, chat.StateItem{Key: r.text(0), Value: r.blob(1)})
		return nil
	}, a.id)
	return epoch, lastSeq, state, err
}

// SaveCursor notes that the account's events up to lastSeq are handled (0: no events) and what the bridge wants back; an
// item with an empty value is forgotten. It fails with ErrStale when a newer life of the account has begun.
func (t *Tx) SaveCursor(name chat.Account, epoch, lastSeq uint64, items []chat.StateItem) error {
	a, ok, err := t.account(name)
	if err != nil {
		return err
	}
	if !ok || a.epoch != epoch {
		return fmt.Errorf("save cursor of %s: %w", name, ErrStale)
	}
	if lastSeq > 0 {
		if _, err := t.c.exec("UPDATE account SET last_seq = max(last_seq, ?) WHERE id = ?", lastSeq, a.id); err != nil {
			return err
		}
	}
	for _, it := range items {
		if err := t.saveItem(a.id, it); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tx) saveItem(account int64, it chat.StateItem) error {
	if len(it.Value) == 0 {
		_, err := t.c.exec("DELETE FROM source_cursor WHERE account = ? AND item = ?", account, it.Key)
		return err
	}
	_, err := t.c.exec(`INSERT INTO source_cursor (account, item, value) VALUES (?, ?, ?)
		ON CONFLICT (account, item) DO UPDATE SET value = excluded.value`, account, it.Key, it.Value)
	return err
}

// SetAccountState notes the condition of an account. A zero Since means now.
func (s *Store) SetAccountState(ctx context.Context, name chat.Account, st chat.State) error {
	err := s.writeVital(ctx, func(tx *Tx) error { return tx.SetAccountState(name, st) })
	if err != nil {
		return fmt.Errorf("set account state: %w", err)
	}
	return nil
}

// SetAccountState is Store.SetAccountState inside a transaction.
func (t *Tx) SetAccountState(name chat.Account, st chat.State) error {
	a, err := t.ensureAccount(name, "")
	if err != nil {
		return err
	}
	if st.Since.IsZero() {
		st.Since = t.now
	}
	_, err = t.c.exec("UPDATE account SET state = ?, code = ?, sentence = ?, action = ?, since = ? WHERE id = ?",
		st.State, st.Why.Code, st.Why.Sentence, st.Why.Action, st.Since, a.id)
	return err
}

// SetCapabilities notes what an account's chats can show when nothing else was told of them.
func (s *Store) SetCapabilities(ctx context.Context, name chat.Account, n chat.Network, caps chat.Capabilities) error {
	err := s.writeVital(ctx, func(tx *Tx) error {
		a, err := tx.ensureAccount(name, n)
		if err != nil {
			return err
		}
		hash, err := tx.saveCapabilities(caps)
		if err != nil || hash == a.caps {
			return err
		}
		tx.forgetAccount(name)
		_, err = tx.c.exec("UPDATE account SET capabilities = ? WHERE id = ?", hash, a.id)
		return err
	})
	if err != nil {
		return fmt.Errorf("set capabilities: %w", err)
	}
	return nil
}

// saveCapabilities stores the data under its hash.
func (t *Tx) saveCapabilities(caps chat.Capabilities) (hash string, err error) {
	hash = caps.Hash()
	if _, ok := t.w.cache.caps[hash]; ok {
		return hash, nil
	}
	data, err := encode(caps)
	if err != nil {
		return "", err
	}
	_, err = t.c.exec("INSERT OR IGNORE INTO capabilities (hash, data) VALUES (?, ?)", hash, data)
	return hash, err
}

// capabilities reads the data of a hash; an empty hash is the zero value.
func (t *Tx) capabilities(hash string) (caps chat.Capabilities, err error) {
	if caps, ok := t.w.cache.caps[hash]; ok || hash == "" {
		return caps, nil
	}
	ok, err := t.c.one("SELECT data FROM capabilities WHERE hash = ?", func(r row) error {
		return json.Unmarshal([]byte(r.text(0)), &caps)
	}, hash)
	if err != nil || !ok {
		return caps, err
	}
	return remember(&t.w.cache.caps, hash, caps), nil
}
