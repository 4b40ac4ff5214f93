// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
	"github.com/causeway-chat/causeway/core/room"
	"github.com/causeway-chat/causeway/core/store"
)

func frozen(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "oldest", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// oldest makes a store as the first release left it, and returns its folder.
func oldest(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	runScript(t, dir, "PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; "+frozen(t, "schema.sql")+frozen(t, "rows.sql"))
	return dir
}

func runScript(t *testing.T, dir, sql string) {
	t.Helper()
	if err := store.RunScript(filepath.Join(dir, store.FileName), sql); err != nil {
		t.Fatal(err)
	}
}

func TestFirstStepIsTheFrozenOne(t *testing.T) {
	_, script, _ := strings.Cut(frozen(t, "schema.sql"), "-- SPDX")
	if diff := cmp.Diff("-- SPDX"+script, store.Migrations()[0]); diff != "" {
		t.Errorf("a released step has changed; add a new one instead (-released +now):\n%s", diff)
	}
}

func TestOldestStoreOpensWithEverythingInIt(t *testing.T) {
	s := openAt(t, oldest(t), store.Options{Version: "v9"})
	if err := s.CheckIntegrity(t.Context()); err != nil {
		t.Error(err)
	}
	n, err := s.Recover(t.Context())
	if n != 1 || err != nil {
		t.Errorf("%d posts in doubt, %v", n, err)
	}
	page, err := s.Queue(t.Context(), store.QueueFilter{})
	if len(page.Items) != 2 || err != nil {
		t.Errorf("queue: %+v, %v", page, err)
	}
	write(t, s, func(tx *store.Tx) error {
		return errors.Join(oldRoom(t, tx), oldLane(t, tx), oldMessage(t, tx), oldJournal(t, tx))
	})
	var export bytes.Buffer
	if err := s.ExportRoom(t.Context(), "lobby", &export); err != nil || strings.Count(export.String(), "\n") != 2 {
		t.Errorf("export: %s, %v", export.String(), err)
	}
}

func oldRoom(t *testing.T, tx *store.Tx) error {
	links, err := tx.Links(20)
	want := []room.Link{{Chat: 10, Room: 20, Direction: room.Both, NameStyle: chat.OwnLine, OnUncertain: chat.Resend, Notices: room.Changes, CatchUp: room.CatchUpAll},
		{Chat: 11, Room: 20, Direction: room.Out, Paused: true, NameStyle: chat.Prefix, OnUncertain: chat.Drop, Notices: room.Changes, CatchUp: room.CatchUpAll}}
	if diff := cmp.Diff(want, links); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
	return err
}

func oldLane(t *testing.T, tx *store.Tx) error {
	ln, err := tx.Lane(11)
	want := outbox.Hold{UntilResumed: true, Why: chat.Reason{Code: "muted", Sentence: "Muted.", Action: "Unmute."}, Fails: 4}
	if ln.Hold != want || ln.AccountHold.Fails != 2 || ln.Chat.Title != "Whatsappers" {
		t.Errorf("lane: %+v", ln)
	}
	posts, perr := tx.OpenPosts(62)
	if len(posts) != 1 || posts[0].State != outbox.PostUncertain || posts[0].Frozen.Key != "k70" || posts[0].Frozen.Text.Body != "hello" {
		t.Errorf("posts: %+v", posts)
	}
	return errors.Join(err, perr)
}

func oldMessage(t *testing.T, tx *store.Tx) error {
	m, ok, err := tx.Message(40)
	text := chat.Text{Body: "hello", Spans: []chat.Span{{Start: 0, End: 5, Kind: chat.Bold}}}
	if diff := cmp.Diff(text, m.Content.Text); diff != "" || !ok || m.SenderName != "Ada" || m.Seq != 1 {
		t.Errorf("message: %+v (-want +got):\n%s", m, diff)
	}
	gone, _, gerr := tx.Message(41)
	if !gone.Erased {
		t.Errorf("an erased message: %+v", gone)
	}
	copies, cerr := tx.Copies(11, 40)
	if len(copies) != 1 || copies[0].Remote != "c1" || len(copies[0].Emoji) != 1 {
		t.Errorf("copies: %+v", copies)
	}
	to, ok, merr := tx.MentionOn("telegram", "u1", "whatsapp")
	if to != "w1" || !ok {
		t.Errorf("mention: %q", to)
	}
	return errors.Join(err, gerr, cerr, merr)
}

func oldJournal(t *testing.T, tx *store.Tx) error {
	fresh, err := tx.Record("tg", "update-41", 10, "message", nil)
	if fresh {
		t.Error("an event of the old store is taken for new")
	}
	id, ierr := tx.Plan(11, chat.DeliverSend, 40, 0)
	if id < 5000 {
		t.Errorf("id %d was given away before", id)
	}
	return errors.Join(err, ierr)
}

func TestOldAndNewStoresHaveTheSameSchema(t *testing.T) {
	schema := func(dir string) (all string) {
		s := openAt(t, dir, store.Options{})
		write(t, s, func(tx *store.Tx) (err error) {
			all, err = tx.Text("SELECT group_concat(name || ': ' || coalesce(sql, ''), char(10)) FROM (SELECT name, sql FROM sqlite_schema ORDER BY name)")
			return err
		})
		return all
	}
	if diff := cmp.Diff(schema(t.TempDir()), schema(oldest(t))); diff != "" {
		t.Errorf("(-new +old):\n%s", diff)
	}
}

func TestNewerStoreIsRefusedWithWhatToDo(t *testing.T) {
	known := len(store.Migrations())
	for name, c := range map[string]struct{ script, want string }{
		"written by a version that says so": {"UPDATE meta SET value = 'v9.9.0' WHERE key = 'written_by'", "run version v9.9.0 or a later one"},
		"so new that nothing is known":      {"DROP TABLE meta", "run the version that wrote it or a later one"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := oldest(t)
			runScript(t, dir, fmt.Sprintf("PRAGMA user_version = %d; %s", known+1, c.script))
			want := fmt.Sprintf("open store: the store is newer than this program: it has schema %d, and this program knows schemas up to %d: %s", known+1, known, c.want)
			for _, opt := range []store.Options{{}, {ReadOnly: true}} {
				_, err := store.Open(t.Context(), dir, opt)
				if !errors.Is(err, store.ErrNewer) || err.Error() != want {
					t.Errorf("open: %v\nwant: %s", err, want)
				}
			}
		})
	}
}

func TestOlderStoreIsNotReadBeforeTheRouterHasMigratedIt(t *testing.T) {
	dir := oldest(t)
	runScript(t, dir, "PRAGMA user_version = 0")
	if _, err := store.Open(t.Context(), dir, store.Options{ReadOnly: true}); err == nil || !strings.Contains(err.Error(), "run the router once") {
		t.Errorf("open: %v", err)
	}
}

// steps are the released ones and more.
func steps(more ...string) []string {
	return append(append([]string(nil), store.Migrations()...), more...)
}

// current is a folder with the oldest store, brought up to date.
func current(t *testing.T) string {
	t.Helper()
	dir := oldest(t)
	path := filepath.Join(dir, store.FileName)
	if err := store.MigrateFile(path, steps()); err != nil {
		t.Fatal(err)
	}
	copies, _ := filepath.Glob(path + ".schema*")
	for _, name := range copies {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func version(t *testing.T, path string) (n int64) {
	t.Helper()
	n, err := store.FileNumber(path, "PRAGMA user_version")
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestMigrationLeavesACopyOfWhatWasBefore(t *testing.T) {
	path := filepath.Join(current(t), store.FileName)
	now := int64(len(store.Migrations()))
	next := "CREATE TABLE later (x INTEGER) STRICT; DELETE FROM message;"
	for range 2 { // the second finds nothing to do
		if err := store.MigrateFile(path, steps(next)); err != nil {
			t.Fatal(err)
		}
	}
	copied := fmt.Sprintf("%s.schema%d", path, now)
	for file, want := range map[string][2]int64{path: {now + 1, 0}, copied: {now, 2}} {
		n, err := store.FileNumber(file, "SELECT count(*) FROM message")
		if v := version(t, file); v != want[0] || n != want[1] || err != nil {
			t.Errorf("%s has schema %d and %d messages, want %v (%v)", filepath.Base(file), v, n, want, err)
		}
	}
	if info, err := os.Stat(copied); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy: %v, %v", info, err)
	}
}

func TestNewStoreIsNotCopied(t *testing.T) {
	path := filepath.Join(t.TempDir(), store.FileName)
	if err := store.MigrateFile(path, steps("CREATE TABLE later (x INTEGER) STRICT;")); err != nil {
		t.Fatal(err)
	}
	if names, _ := filepath.Glob(path + ".*"); len(names) != 0 {
		t.Errorf("left: %v", names)
	}
}

func TestFailedMigrationChangesNothingAndCanBeTriedAgain(t *testing.T) {
	path := filepath.Join(current(t), store.FileName)
	now := int64(len(store.Migrations()))
	bad := "DELETE FROM message; CREATE TABLE later (x INTEGER) STRICT; INSERT INTO nowhere VALUES (1);"
	for range 3 { // as a service manager would
		err := store.MigrateFile(path, steps(bad))
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("migrate to schema %d", now+1)) {
			t.Fatalf("migrate: %v", err)
		}
	}
	if n, err := store.FileNumber(path, "SELECT count(*) FROM message"); n != 2 || err != nil || version(t, path) != now {
		t.Errorf("%d messages, schema %d, %v", n, version(t, path), err)
	}
	if names, _ := filepath.Glob(path + ".schema*"); len(names) != 1 {
		t.Errorf("each try has left a copy: %v", names)
	}
	if err := store.MigrateFile(path, steps("CREATE TABLE later (x INTEGER) STRICT;")); err != nil {
		t.Error(err)
	}
}

func TestCopiesMadeBeforeMigrationsAreRemovedAfterAWeek(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data [old]") // a path that would be a pattern
	if err := os.Rename(current(t), dir); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(dir, store.FileName+".schema0")
	if err := os.WriteFile(copied, []byte("old bodies"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := openAt(t, dir, store.Options{})
	for _, c := range []struct {
		after time.Duration
		stays bool
	}{{6 * day, true}, {8 * day, false}} {
		if err := s.Prune(t.Context(), time.Now().Add(c.after), keep); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(copied); (err == nil) != c.stays {
			t.Errorf("after %v: %v", c.after, err)
		}
	}
}
