// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.mau.fi/whatsmeow/store"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/bridges/whatsapp/sim"
	"github.com/causeway-chat/causeway/core/chat"
)

// storeDamage is ways in which a power cut, a bad disk or a curious person leave entries of the session store.
var storeDamage = map[string][]string{
	"sessions are noise":        {"UPDATE whatsmeow_sessions SET session = randomblob(200)"},
	"sessions are empty":        {"UPDATE whatsmeow_sessions SET session = x''"},
	"sessions are cut":          {"UPDATE whatsmeow_sessions SET session = substr(session, 1, length(session) / 2)"},
	"sender keys are noise":     {"UPDATE whatsmeow_sender_keys SET sender_key = randomblob(80)"},
	"sender keys are cut":       {"UPDATE whatsmeow_sender_keys SET sender_key = substr(sender_key, 1, length(sender_key) / 2)"},
	"identities are too short":  {"PRAGMA ignore_check_constraints = 1", "UPDATE whatsmeow_identity_keys SET identity = x'00'"},
	"identities are of nobody":  {"UPDATE whatsmeow_identity_keys SET identity = randomblob(32)"},
	"everything is of tomorrow": {"UPDATE whatsmeow_sessions SET session = x'0a020801'", "UPDATE whatsmeow_sender_keys SET sender_key = x'0a020801'"},
}

func TestDamagedEntriesOfTheSessionStoreAreMadeAnew(t *testing.T) {
	for name, statements := range storeDamage {
		if testing.Short() && !slices.Contains([]string{"sessions are noise", "sender keys are cut", "everything is of tomorrow"}, name) {
			continue // each pairs an account of its own
		}
		t.Run(name, func(t *testing.T) {
			l, c := talking(t, sim.Options{})
			chats := []control.ChatID{c, control.ChatID(l.ana)}
			l.talk(chats, "before")
			l.stop()
			l.damage(statements...)
			l.start()
			l.until("the account is connected again", func() bool { a := l.bridge.running.Load(); return a != nil && a.ready() != nil })
			l.talk(chats, "after")
			l.talk(chats, "and on")
		})
	}
}

// talk lets Ana and the bridge write in each chat, and waits until each has read the other.
func (l *lab) talk(chats []control.ChatID, text string) {
	l.Helper()
	for i, c := range chats {
		theirs, ours := fmt.Sprint(text, ", Ana in ", i), fmt.Sprint(text, ", we in ", i)
		l.tell(c, theirs)
		l.hears(theirs, func(ev chat.Event) bool {
			switch b := ev.Body.(type) {
			case chat.MessageNew:
				return b.Content.Text.Body == theirs
			case chat.MessageEdit: // of its placeholder
				return b.Content.Text.Body == theirs
			}
			return false
		})
		out := l.deliver(chat.Post{Chat: chat.RemoteChat(c), Text: chat.Text{Body: ours}, KeepUntil: time.Now().Add(time.Hour)}, patience)
		if out.Kind != chat.Delivered {
			l.Fatalf("%q: %+v", ours, out)
		}
		l.seesText(c, ours)
	}
}

// damage changes the session store while nobody uses it.
func (l *lab) damage(statements ...string) {
	l.Helper()
	db, err := openDB(filepath.Join(l.router.dir, keysFile))
	l.must(err)
	defer db.Close()
	for _, s := range statements {
		_, err := db.ExecContext(l.Context(), s)
		l.must(err)
	}
}

// rows reads what the session store holds of a kind.
func (l *lab) rows(query string) (out [][]byte) {
	l.Helper()
	db, err := openDB(filepath.Join(l.router.dir, keysFile))
	l.must(err)
	defer db.Close()
	rows, err := db.QueryContext(l.Context(), query)
	l.must(err)
	defer rows.Close()
	for rows.Next() {
		var raw []byte
		l.must(rows.Scan(&raw))
		out = append(out, raw)
	}
	l.must(rows.Err())
	return out
}

// TestNoDamageMakesTheReadingOfAnEntryPanic flips, cuts and repeats bytes of real entries.
func TestNoDamageMakesTheReadingOfAnEntryPanic(t *testing.T) {
	l, c := talking(t, sim.Options{})
	l.talk([]control.ChatID{c}, "before")
	l.stop()
	seed := uint64(time.Now().UnixNano())
	t.Log("seed: ", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for query, read := range map[string]func([]byte) error{
		"SELECT session FROM whatsmeow_sessions": readSession, "SELECT sender_key FROM whatsmeow_sender_keys": readSenderKey,
	} {
		rows := l.rows(query)
		if len(rows) == 0 {
			t.Fatalf("%s: nothing", query)
		}
		for range 3000 {
			raw := slices.Clone(rows[rng.IntN(len(rows))])
			for range 1 + rng.IntN(3) {
				raw[rng.IntN(len(raw))] ^= 1 << rng.IntN(8)
			}
			if rng.IntN(4) == 0 {
				raw = raw[:rng.IntN(len(raw))]
			}
			_ = attempt(func() error { return read(raw) }) // that it comes back is what counts
		}
	}
}

// txnBuffer runs a decryption as it is.
type txnBuffer struct{ store.EventBuffer }

func (txnBuffer) DoDecryptionTxn(ctx context.Context, f func(context.Context) error) error {
	return f(ctx)
}

// bareSessions hold one entry that can be read.
type bareSessions struct {
	store.SessionStore
	raw []byte
}

func (s bareSessions) GetSession(context.Context, string) ([]byte, error) { return s.raw, nil }
func (s bareSessions) GetManySessions(_ context.Context, all []string) (map[string][]byte, error) {
	return map[string][]byte{all[0]: s.raw}, nil
}
func (s bareSessions) PutSession(context.Context, string, []byte) error { return nil }

func TestWhatTheLibraryStumblesOverIsShunnedUntilItIsMadeAnew(t *testing.T) {
	l, c := talking(t, sim.Options{})
	l.talk([]control.ChatID{c}, "before")
	l.stop()
	whole := l.rows("SELECT session FROM whatsmeow_sessions LIMIT 1")[0]
	g := newGuard(l.router.log)
	sessions, buffer := guardedSessions{bareSessions{raw: whole}, g}, guardedBuffer{txnBuffer{}, g}
	has := func() bool {
		ok, err := sessions.HasSession(t.Context(), "1_1:0")
		l.must(err)
		return ok
	}
	if !has() {
		t.Fatal("a whole session is not there")
	}
	err := buffer.DoDecryptionTxn(t.Context(), func(ctx context.Context) error {
		if _, err := sessions.GetSession(ctx, "1_1:0"); err != nil {
			return err
		}
		panic("in the library")
	})
	if !errors.Is(err, errStumbled) || has() {
		t.Errorf("after a panic: %v; the session is still there: %t", err, has())
	}
	l.must(sessions.PutSession(t.Context(), "1_1:0", whole))
	if !has() {
		t.Error("a session that was made anew is not there")
	}
}

func TestASessionThatIsDamagedLaterIsFoundToo(t *testing.T) {
	l, c := talking(t, sim.Options{})
	l.talk([]control.ChatID{c}, "before")
	l.stop()
	store := &bareSessions{raw: l.rows("SELECT session FROM whatsmeow_sessions LIMIT 1")[0]}
	sessions := guardedSessions{store, newGuard(l.router.log)}
	read := func() []byte {
		all, err := sessions.GetManySessions(t.Context(), []string{"1_1:0"})
		l.must(err)
		return all["1_1:0"]
	}
	for range 2 { // the second time it is known
		if read() == nil {
			t.Fatal("a whole session is not there")
		}
	}
	store.raw = []byte("noise")
	if has, err := sessions.HasSession(t.Context(), "1_1:0"); has || err != nil { // as the library asks about what it cannot read
		t.Errorf("a damaged session is there: %t, %v", has, err)
	}
	if read() != nil {
		t.Error("a damaged session is given out")
	}
}

func TestNoNumberOfAnybodyIsLoggedWithADamagedEntry(t *testing.T) {
	for in, want := range map[string]string{
		"447700900001:2": "somebody known by number", "100000000000002_1:2": "100000000000002_1:2",
		"1203@g.us 447700900001:2": "1203@g.us somebody known by number", "1203@g.us 9_1:0": "1203@g.us 9_1:0",
	} {
		if got := shownAddress(in); got != want {
			t.Errorf("%q is shown as %q, want %q", in, got, want)
		}
	}
}
