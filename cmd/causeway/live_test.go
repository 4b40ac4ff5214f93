// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/config"
	"github.com/causeway-chat/causeway/core/app"
	"github.com/causeway-chat/causeway/core/app/lab"
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/command"
	"github.com/causeway-chat/causeway/plugins/host"
)

// live is a router that runs inside the test, over a network of its own, with a shell that commands it.
type live struct {
	*shell
	net  *lab.Network
	path string // the config
	addr net.Addr
	log  *lockedBuffer
	// wrap may put something around each bridge; nil for nothing.
	wrap func(app.Bridge, chat.Account, host.Watcher) app.Bridge
	stop func() error // ends the router and waits
}

// newLive starts a router that has seen the chats tg:-1, tg:-2 and tg:-3.
func newLive(t *testing.T) *live {
	t.Helper()
	l := &live{shell: newShell(t), net: lab.NewNetwork(lab.Telegram(), 1), log: &lockedBuffer{}}
	l.path = l.config(t)
	l.start(t)
	for _, c := range []chat.RemoteChat{"-1", "-2", "-3"} {
		l.net.Say(c, "ada", "hello")
	}
	waitFor(t, "the chats", func() bool { return len(decode[command.ChatList](t, l.do(t, "chat ls --json"))) == 3 })
	return l
}

// start runs a router on the shell's config.
func (l *live) start(t *testing.T) {
	t.Helper()
	cfg, problems := config.Load(l.path, nil, map[string]*config.Schema{"telegram": telegram(t)})
	if cfg == nil {
		t.Fatal(problems)
	}
	a, err := app.New(t.Context(), app.Options{Config: cfg, Version: "test", Log: slog.New(slog.NewTextHandler(l.log, nil)), Connect: l.connect})
	if err != nil {
		t.Fatal(err)
	}
	l.addr = a.Addr()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	l.stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	stop := l.stop
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Errorf("run: %v\n%s", err, l.log)
		}
	})
}

func (l *live) connect(spec host.Spec, in host.Intake, w host.Watcher, _ host.Options) (app.Bridge, error) {
	b := app.Bridge(l.net.Connect(spec.Account, in, w))
	if l.wrap != nil {
		b = l.wrap(b, spec.Account, w)
	}
	return b, nil
}

// do runs a command line against the router; it must succeed.
func (l *live) do(t *testing.T, line string) outcome {
	t.Helper()
	return l.try(t, line).wantGood(t)
}

// try runs a command line against the router.
func (l *live) try(t *testing.T, line string) outcome {
	t.Helper()
	return l.run(t, append(strings.Fields(line), "-c", l.path)...)
}

// queue lists what waits.
func (l *live) queue(t *testing.T, args string) []command.DeliveryRow {
	t.Helper()
	return decode[command.DeliveryList](t, l.do(t, "queue ls --json "+args)).Rows
}

// texts are what people see in a chat.
func (l *live) texts(c chat.RemoteChat) (out []string) {
	for _, s := range l.net.Sees(c) {
		out = append(out, s.Text)
	}
	return out
}

// backlog links tg:-1 and tg:-2, pauses tg:-2 and writes so many messages into tg:-1.
func (l *live) backlog(t *testing.T, n int) []command.DeliveryRow {
	t.Helper()
	l.do(t, "room link lobby tg:-1 tg:-2")
	l.do(t, "room pause tg:-2")
	for i := range n {
		l.net.Say("-1", "ada", "message "+strconv.Itoa(i))
	}
	waitFor(t, "the backlog", func() bool { return len(l.queue(t, "")) == n })
	return l.queue(t, "")
}

func TestStatusOfARunningRouter(t *testing.T) {
	l := newLive(t)
	var st command.Status
	waitFor(t, "the connection", func() bool {
		st = decode[command.Status](t, l.do(t, "status --json"))
		return st.Accounts[0].State == chat.Connected
	})
	a := st.Accounts[0]
	if a.Name != "tg" || a.Network != "telegram" || a.Since.IsZero() || st.Store.State != "ok" || st.Store.SizeBytes == 0 || st.Store.FreeBytes == 0 {
		t.Errorf("%+v", st)
	}
	if o := l.do(t, "status"); !strings.Contains(o.out, "tg       telegram  connected") || !strings.Contains(o.out, "\nStore ok: ") {
		t.Error(o.out)
	}
}

func TestChatsAreListedByAccount(t *testing.T) {
	l := newLive(t)
	if o := l.do(t, "chat ls tg"); strings.Count(o.out, "tg:-") != 3 {
		t.Error(o.out)
	}
	l.try(t, "chat ls gt").wantError(t, 1, "causeway: There is no account \"gt\".\n  Did you mean tg?\n")
}

func TestRoomsAreMadeChangedAndForgotten(t *testing.T) {
	l := newLive(t)
	if o := l.do(t, "room ls --json"); o.out != "[]\n" {
		t.Error(o.out)
	}
	l.do(t, "room link lobby tg:-1 tg:-2 --direction out --name-style none")
	l.do(t, "room link lobby tg:-1 --direction both")
	r := decode[command.RoomRow](t, l.do(t, "room show lobby --json"))
	if len(r.Links) != 2 || r.Links[0].Direction != "both" || r.Links[1].Direction != "out" || r.Links[0].NameStyle != "none" || r.FromConfig {
		t.Errorf("%+v", r)
	}
	l.do(t, "room pause tg:-2")
	if o := l.do(t, "room show lobby"); !strings.Contains(o.out, "paused") {
		t.Error(o.out)
	}
	l.do(t, "room resume tg:-2")
	if rooms := decode[command.RoomList](t, l.do(t, "room ls --json")); len(rooms) != 1 || rooms[0].Links[1].Paused {
		t.Errorf("%+v", rooms)
	}
	l.do(t, "room unlink tg:-2")
	if o := l.do(t, "room unlink tg:-1"); !strings.Contains(o.out, "has no chats.") {
		t.Error(o.out)
	}
}

func TestRoomsRefuseWhatCannotBe(t *testing.T) {
	l := newLive(t)
	l.do(t, "room link lobby tg:-1")
	for line, want := range map[string]string{
		"room show loby":          "There is no room \"loby\".\n  Did you mean lobby?",
		"room link kitchen tg:-1": "The chat tg:-1 is in the room \"lobby\" already; a chat is in at most one.\n  Take it out first: room unlink tg:-1.",
		"room link lobby tg:-99":  "No account has seen the chat tg:-99.\n  Did you mean tg:-1?",
		"room pause tg:-2":        "The chat tg:-2 is in no room.\n  Link it with room link.",
		"queue ls kitchen":        "There is no room \"kitchen\".\n  Look at room ls.",
	} {
		l.try(t, line).wantError(t, 1, "causeway: "+want+"\n")
	}
}

func TestQueueSaysThatTheNetworkIsAway(t *testing.T) {
	l := newLive(t)
	l.backlog(t, 2)
	l.net.SetOutage(lab.Outage{Cut: true})
	waitFor(t, "the outage", func() bool { return decode[command.Status](t, l.do(t, "status --json")).Accounts[0].State == chat.Down })
	if d := l.queue(t, "")[0]; d.Code != "paused" {
		t.Errorf("a paused link, at a network that is away: %+v", d)
	}
	l.do(t, "room resume tg:-2")
	for _, d := range l.queue(t, "") {
		if d.Code != lab.CodeUnreachable || d.Sentence == "" {
			t.Errorf("%+v", d)
		}
	}
	l.net.SetOutage(lab.Outage{})
	waitFor(t, "the end of the queue", func() bool { return len(l.queue(t, "")) == 0 })
}

func TestQueueIsListedRetriedAndDropped(t *testing.T) {
	l := newLive(t)
	waiting := l.backlog(t, 3)
	if d := waiting[0]; d.Room != "lobby" || d.Chat.String() != "tg:-2" || d.State != chat.DeliveryWaiting || d.Code != "paused" || d.Action == "" {
		t.Errorf("%+v", d)
	}
	if l.queue(t, "tg:-1"); len(l.queue(t, "tg:-2")) != 3 || len(l.queue(t, "lobby")) != 3 || len(l.queue(t, "tg:-1")) != 0 {
		t.Error("the queue is not chosen by room and chat")
	}
	second := id(waiting[1])
	o := l.try(t, "queue drop "+second+" 99999999 --json")
	settled := decode[command.SettledList](t, o)
	if o.code != 1 || settled[0].Result != "dropped" || settled[1].Code != "no_such_delivery" {
		t.Errorf("exit %d, %s", o.code, o.out)
	}
	ended := l.queue(t, "--ended")
	if len(ended) != 1 || ended[0].State != chat.DeliveryDiscarded || !strings.Contains(ended[0].Sentence, "operator") {
		t.Errorf("%+v", ended)
	}
	if o := l.do(t, "queue ls --limit 1"); o.err != "1 of 2 are shown; --limit shows more.\n" {
		t.Errorf("note %q", o.err)
	}
	l.do(t, "queue retry "+second)
	l.do(t, "room resume tg:-2")
	waitFor(t, "the end of the queue", func() bool { return len(l.queue(t, "")) == 0 })
	// What waited goes out as one post; what was dropped and planned again is its last line.
	if diff := cmp.Diff([]string{"hello", "Ada\nmessage 0\nmessage 2\nmessage 1"}, l.texts("-2")); diff != "" {
		t.Errorf("people see (-want +got):\n%s", diff)
	}
}

func TestExportWritesARoomsMessages(t *testing.T) {
	l := newLive(t)
	l.backlog(t, 2)
	o := l.do(t, "room export lobby")
	var texts []string
	for line := range strings.Lines(o.out) {
		var m struct{ Text, Chat string }
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, m.Chat+" "+m.Text)
	}
	if diff := cmp.Diff([]string{"tg:-1 message 0", "tg:-1 message 1"}, texts); diff != "" {
		t.Error(diff)
	}
	l.try(t, "room export kitchen").wantError(t, 1, "causeway: There is no room \"kitchen\".\n  Look at room ls.\n")
}

func TestBackupIsRestoredElsewhereAndHoldsWhatWaited(t *testing.T) {
	l := newLive(t)
	l.backlog(t, 2)
	file := filepath.Join(l.dir, "backup.tar")
	made := decode[backupResult](t, l.do(t, "backup --json "+file))
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 || made.File != file || made.SizeBytes != info.Size() || info.Size() == 0 {
		t.Fatalf("%+v, %v", made, err)
	}
	l.try(t, "backup "+file).wantError(t, 1, "causeway: "+file+" exists already and is not overwritten.\n  Choose another name.\n")
	l.try(t, "restore "+file).wantError(t, 1, "causeway: The router is running; a restore would pull its data from under it.\n  Stop the router first, then try again.\n")
	if err := l.stop(); err != nil {
		t.Fatal(err)
	}
	l.try(t, "restore "+file).wantError(t, 1, "causeway: There is a store in "+l.dir+"/data already, and a restore does not overwrite it.\n  Move that folder away first, or choose another data_dir.\n")
	if err := os.Rename(filepath.Join(l.dir, "data"), filepath.Join(l.dir, "old")); err != nil {
		t.Fatal(err)
	}
	if o := l.do(t, "restore "+file); o.out != "" || o.err != "Restored "+file+" into "+l.dir+"/data. Start the router with: causeway run -c "+l.path+"\n" {
		t.Errorf("%q %q", o.out, o.err)
	}
	l.start(t)
	waitFor(t, "the router", func() bool { return l.try(t, "status").code == 0 })
	rested := decode[command.RoomRow](t, l.do(t, "room show lobby --json")).Links[1]
	if rested.Hold == nil || rested.Hold.Code != "restored" || !rested.Hold.Until.IsZero() || rested.Waiting != 2 {
		t.Fatalf("what waited is not held: %+v", rested)
	}
	held := l.queue(t, "")
	if o := l.run(t, "-c", l.path, "__complete", "queue", "drop", ""); o.out != id(held[0])+"\ttg:-2\n"+id(held[1])+"\ttg:-2\n:4\n" {
		t.Errorf("a shell is told of %q", o.out)
	}
	l.do(t, "queue drop "+id(held[1]))
	l.do(t, "queue retry "+id(held[0]))
	l.do(t, "room resume tg:-2")
	waitFor(t, "the copy", func() bool { return len(l.texts("-2")) == 2 })
}

// TestSessionFilesMoveWithAStoppedRouter makes a backup with nobody running, and restores it with and without them.
func TestSessionFilesMoveWithAStoppedRouter(t *testing.T) {
	l := newLive(t)
	l.do(t, "room link lobby tg:-1")
	session := filepath.Join("bridges", "tg", "session")
	if err := os.MkdirAll(filepath.Join(l.dir, "data", "bridges", "tg"), 0o700); err != nil {
		t.Fatal(err)
	}
	l.file(t, filepath.Join("data", session), "ratchet")
	if o := l.do(t, "backup --sessions "+filepath.Join(l.dir, "live.tar")); !strings.Contains(o.err, "do not restore these beside it") {
		t.Errorf("no warning: %s", o.err)
	}
	if err := l.stop(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(l.dir, "stopped.tar")
	if o := l.do(t, "backup --sessions "+file); !strings.HasPrefix(o.err, "The router does not run; its data folder was copied without it.\nWrote ") {
		t.Errorf("%q", o.err)
	}
	for flags, want := range map[string]string{"": "", " --sessions": "ratchet"} {
		l.environ = []string{"CAUSEWAY_DATA_DIR=" + filepath.Join(l.dir, "moved"+flags)}
		l.do(t, "restore "+file+flags)
		got, err := os.ReadFile(filepath.Join(l.dir, "moved"+flags, session))
		if string(got) != want || (err == nil) != (want != "") {
			t.Errorf("restore%s: %q, %v", flags, got, err)
		}
		if found, _ := filepath.Glob(filepath.Join(l.dir, "moved"+flags, "restore-*")); len(found) > 0 {
			t.Errorf("left behind: %v", found)
		}
	}
}

func TestFilesThatAreNoBackupsAreRefused(t *testing.T) {
	s := newShell(t)
	path := s.config(t)
	for name, text := range map[string]string{"empty": "", "text": "hello", "zeros": strings.Repeat("\x00", 4096)} {
		file := s.file(t, name, text)
		o := s.run(t, "restore", file, "-c", path)
		o.wantError(t, 1, "causeway: "+file+" cannot be restored: it is not a backup that this program can read.\n  Name a file that causeway backup made.\n")
	}
	s.run(t, "restore", s.dir, "-c", path).wantError(t, 1, "causeway: There is no file "+s.dir+".\n  Name a file that causeway backup made.\n")
	if found, _ := filepath.Glob(filepath.Join(s.dir, "data", "*")); len(found) > 0 {
		t.Errorf("something was left: %v", found)
	}
}

func TestBackupThatFailsLeavesNoFile(t *testing.T) {
	l := newLive(t)
	l.try(t, "backup /no/such/folder/b.tar").wantError(t, 1, "causeway: There is no folder /no/such/folder.\n  Make it first, or choose another.\n")
	if err := l.stop(); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(l.dir, "data")); err != nil {
		t.Fatal(err)
	}
	l.try(t, "backup "+filepath.Join(l.dir, "b.tar")).wantError(t, 1, "causeway: There is no store in "+l.dir+"/data.\n  Name the config of the router with -c.\n")
	if found, _ := filepath.Glob(filepath.Join(l.dir, "*b.tar*")); len(found) > 0 {
		t.Errorf("files are left: %v", found)
	}
}

func TestSecondRouterIsRefused(t *testing.T) {
	l := newLive(t)
	o := l.try(t, "run")
	want := "causeway: The data folder " + l.dir + "/data is in use by process " + strconv.Itoa(os.Getpid()) +
		".\n  Only one router can have it: stop that one first, or choose another data_dir.\n"
	o.wantError(t, 1, want)
	l.do(t, "status")
}

func TestCompletionKnowsNamesAndAddresses(t *testing.T) {
	l := newLive(t)
	l.do(t, "room link lobby tg:-1")
	for line, want := range map[string]string{
		"chat ls":                     "tg\ttelegram\n",
		"room show":                   "lobby\n",
		"room link":                   "lobby\n",
		"room link lobby":             "tg:-1\ntg:-2\ntg:-3\n",
		"queue ls":                    "lobby\n",
		"status":                      ":4\n",
		"backup":                      ":0\n",
		"bench --mode":                "all\nbars\n",
		"room link lobby --direction": "both\nin\nout\n:4\n",
		"queue retry":                 ":4\n",
	} {
		o := l.run(t, append(append([]string{"-c", l.path, "__complete"}, strings.Fields(line)...), "")...)
		if o.code != 0 || !strings.HasPrefix(o.out, want) {
			t.Errorf("%s: exit %d, %q, want %q", line, o.code, o.out, want)
		}
	}
}

// TestWatchShowsTheStatusAgain looks three times, while the router goes away and comes back.
func TestWatchShowsTheStatusAgain(t *testing.T) {
	l := newLive(t)
	ticks := make(chan time.Time)
	l.change = func(c *cli) {
		c.tick = func(every time.Duration) <-chan time.Time {
			if every != watchEvery {
				t.Errorf("every %v", every)
			}
			return ticks
		}
	}
	var out, errs lockedBuffer
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	ended := make(chan int, 1)
	go func() { ended <- l.cli(&out, &errs).execute(ctx, []string{"status", "--watch", "-c", l.path}) }()
	waitFor(t, "the first look", func() bool { return strings.Count(out.String(), "Store ok") == 1 })
	if err := l.stop(); err != nil {
		t.Fatal(err)
	}
	ticks <- time.Now()
	waitFor(t, "the second look", func() bool { return strings.Contains(errs.String(), "The router is not running") })
	l.start(t)
	ticks <- time.Now()
	waitFor(t, "the third look", func() bool { return strings.Count(out.String(), "Store ok") == 2 })
	interrupt()
	if code := <-ended; code != 0 {
		t.Errorf("exit %d: %s", code, &errs)
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Error("a file got the letters of a terminal")
	}
}

// id is how a delivery is called on a command line.
func id(d command.DeliveryRow) string { return strconv.FormatInt(int64(d.ID), 10) }
