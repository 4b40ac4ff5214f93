// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/cmd/causeway/child"
)

// patience bounds every wait: it is long, because a busy machine is no mistake of the router.
const patience = 5 * time.Minute

// setting is what a test runs.
type setting struct {
	rooms   int           // of two groups each; default 1
	bots    int           // with 2, the second bot serves the right groups
	latency time.Duration // of every call
	deliver time.Duration // the router's deliver_timeout; default 30 s, which no call needs that does not hang
	limits  string        // of every account; default off
	link    string        // further keys of every link
	wait    time.Duration // how long deliveries wait for their files; default 2 min
	local   bool          // the simulator is a self-hosted server, which shares a folder with the bridges
	notice  string        // outage.notice_after; default 3m
	count   string        // notices.count_for; default 1m
	onDisk  bool          // the router's disk can be full
	// strangers are further accounts, which no room uses, with their tokens.
	strangers map[string]string
}

// rig is a simulator, a router and its bridges, all of them processes, with people who talk. Nothing but the control API
// of the simulator and the router's command line reaches into it.
type rig struct {
	*world
	*network
	rooms  []pair
	t      *testing.T
	set    setting
	ctx    context.Context
	bots   []sim.AccountInfo
	people [2][]person // of the left and of the right groups
	// restarts counts processes that were started anew. Each may ask once more for what the one before it has just asked for.
	restarts int
}

// pair is one room's two groups.
type pair struct{ left, right sim.ChatID }

// person is a simulated user. Names and words carry marks that must not be found in any log.
type person struct {
	id   sim.UserID
	name string
}

const (
	nameMark = "Namemark"
	bodyMark = "bodymark"
)

func newRig(t *testing.T, set setting) *rig {
	t.Helper()
	runtime.LockOSThread() // children die with the thread that started them, which is the test's
	set.rooms, set.bots = max(set.rooms, 1), max(set.bots, 1)
	dir, err := os.MkdirTemp("", "cw-") // short: unix sockets are below it
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, set: set, world: &world{dir: dir, opt: Options{BinDir: bin, Out: t.Output()}}, network: &network{kind: kinds[0]}}
	ctx, cancel := context.WithCancelCause(context.Background())
	r.ctx, r.fail = ctx, cancel
	t.Cleanup(r.cleanUp)
	r.populate()
	r.writeConfig()
	r.start()
	return r
}

func (r *rig) cleanUp() {
	if cause := context.Cause(r.ctx); cause != nil {
		r.t.Error(cause)
	}
	if r.t.Failed() {
		r.t.Log("seed ", seeded(), "; the router's last words:\n", strings.Join(r.loud(40), "\n"))
	}
	r.router.stop(time.Minute)
	r.simulator.stop(time.Minute)
	_ = os.RemoveAll(r.dir)
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(errors.Join(err, context.Cause(r.ctx)))
	}
}

func (r *rig) start() {
	r.t.Helper()
	if r.set.onDisk {
		r.must(r.startOnADisk())
		return
	}
	r.must(r.startRouter())
}

// populate starts the simulator with two people in every group.
func (r *rig) populate() {
	ctx, cancel := context.WithTimeout(r.ctx, patience)
	defer cancel()
	args := []string{"--bots", fmt.Sprint(r.set.bots), "--latency", r.set.latency.String()}
	if r.set.local {
		args = append(args, "--local", r.filesDir())
	}
	p, ready, err := child.StartSimulator(ctx, r.dir, r.binary(r.network.program()), args...)
	r.must(err)
	r.simulator, r.ready, r.client = r.watch("telegram-simulator", p), ready, sim.NewClient(ready.Control)
	snap, err := r.client.Snapshot(ctx)
	r.must(err)
	r.bots = snap.Accounts
	for side, names := range [2][]string{{"Ana", "Amir"}, {"Ben", "Bea"}} {
		for _, name := range names {
			reply, err := r.client.CreateUser(ctx, sim.NewUser{Name: name + " " + nameMark})
			r.must(err)
			r.people[side] = append(r.people[side], person{reply.User, name + " " + nameMark})
		}
	}
	for n := range r.set.rooms {
		r.rooms = append(r.rooms, pair{left: r.group(n, 0), right: r.group(n, 1)})
	}
}

func (r *rig) group(n, side int) sim.ChatID {
	bot := r.bots[side*(len(r.bots)-1)]
	var members []sim.UserID
	for _, p := range r.people[side] {
		members = append(members, p.id)
	}
	id, err := r.client.CreateGroup(r.ctx, sim.NewGroup{Title: fmt.Sprintf("Group %d %d", n, side), Kind: sim.Supergroup,
		Members: members, Accounts: []sim.AccountID{bot.Account}, Role: sim.RoleAdmin})
	r.must(err)
	return id
}

// writeConfig writes a config with short times. The bots are the accounts tg1, tg2, …
func (r *rig) writeConfig() {
	text := fmt.Sprintf(`# SPDX-License-Identifier: Apache-2.0
data_dir: %q
listen: 127.0.0.1:0
plugin_dir: %q
log: {level: debug}
outbox: {deliver_timeout: %s, retry_base: 20ms, retry_cap: 200ms}
media: {max_size: 2GB, wait: %s}
supervisor: {heartbeat: 30s, backoff_base: 20ms, backoff_cap: 100ms, crash_loop_retry: 200ms}
outage: {notice_after: %s}
notices: {count_for: %s}
accounts:
`, r.dataDir(), bin, cmp.Or(r.set.deliver, 30*time.Second), cmp.Or(r.set.wait, 2*time.Minute), cmp.Or(r.set.notice, "3m"), cmp.Or(r.set.count, "1m"))
	for i, b := range r.bots {
		text += r.account(fmt.Sprintf("tg%d", i+1), b.Config["token"])
	}
	for name, token := range r.set.strangers {
		text += r.account(name, token)
	}
	text += "rooms:\n"
	for i, p := range r.rooms {
		text += fmt.Sprintf("  room%d: {chats: [{chat: \"tg1:%s\"%s}, {chat: \"tg%d:%s\"%s}]}\n",
			i+1, p.left, r.set.link, r.set.bots, p.right, r.set.link)
	}
	r.must(os.WriteFile(r.configFile(), []byte(text), 0o600))
}

func (r *rig) account(name, token string) string {
	files := ""
	if r.set.local {
		files = fmt.Sprintf(", files_dir: %q", r.filesDir())
	}
	return fmt.Sprintf("  %s: {network: telegram, token: %q, api_url: %q, limits: %s%s}\n", name, token, r.ready.API, cmp.Or(r.set.limits, "off"), files)
}

// filesDir is where a self-hosted server keeps its files.
func (r *rig) filesDir() string { return filepath.Join(r.dir, "files") }

// bridgePid is the process of the router's first bridge; while there is none it waits for one.
func (r *rig) bridgePid() (pid int) {
	r.t.Helper()
	r.until("bridge", func() (ok bool) {
		var err error
		pid, err = child.Of(r.router.Pid(), "causeway-bridge-telegram")
		return err == nil
	})
	return pid
}

// killRouter ends the router with SIGKILL and starts another.
func (r *rig) killRouter() {
	r.t.Helper()
	r.router.kill()
	r.restarts++
	r.start()
}

// stopRouter ends the router with SIGTERM.
func (r *rig) stopRouter() {
	r.t.Helper()
	r.router.stop(patience)
	r.restarts++
	if code := r.router.ExitCode(); code != 0 {
		r.t.Errorf("the router ended with code %d", code)
	}
}

// causeway runs the command line and decodes what it prints.
func (r *rig) causeway(into any, args ...string) error {
	cmd := exec.CommandContext(r.ctx, r.binary("causeway"), append([]string{"-c", r.configFile(), "--json"}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("causeway %v: %w: %s", args, err, stderr.Bytes())
	}
	return json.Unmarshal(out, into)
}

// status is a part of what `causeway status --json` prints.
type status struct {
	Accounts []struct {
		Name, State, Code, Sentence, Action string
		Waiting                             int
	}
	Store struct{ Waiting int }
}

// delivery is a part of a row of `causeway queue ls --json`.
type delivery struct {
	ID                          int64
	Chat, State, Code, Sentence string
}

// until polls a condition that only the command line can tell.
func (r *rig) until(what string, ok func() bool) {
	r.t.Helper()
	tick := time.NewTicker(150 * time.Millisecond)
	defer tick.Stop()
	over := time.NewTimer(patience)
	defer over.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-over.C:
			r.t.Fatalf("after %s still no %s", patience, what)
		case <-r.ctx.Done():
			r.t.Fatal(context.Cause(r.ctx))
		}
	}
}

// sees waits until people see in a chat what they are to see.
func (r *rig) sees(in sim.ChatID, ok func(sim.View) bool) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.ctx, patience)
	defer cancel()
	_, err := r.client.WaitUntil(ctx, sim.See{Chat: in}, ok)
	r.must(err)
}

// connected waits until every account of the simulator's bots is.
func (r *rig) connected() {
	r.t.Helper()
	r.until("connected account", func() bool {
		var s status
		if r.causeway(&s, "status") != nil {
			return false
		}
		n := 0
		for _, a := range s.Accounts {
			if a.State == "connected" {
				n++
			}
		}
		return n == len(r.bots)
	})
}

// fault arms a fault.
func (r *rig) fault(f sim.Fault) sim.FaultID {
	r.t.Helper()
	id, err := r.client.SetFault(r.ctx, f)
	r.must(err)
	return id
}

// struck ends a fault and says how often it struck; it is an error if it never did.
func (r *rig) struck(id sim.FaultID) int {
	r.t.Helper()
	r.must(r.client.ClearFault(r.ctx, id))
	n := r.strikes(id)
	if n == 0 {
		r.t.Errorf("fault %s never struck", id)
	}
	return n
}

// strikes is how often a fault has struck until now.
func (r *rig) strikes(id sim.FaultID) int {
	r.t.Helper()
	c, err := r.client.Counters(r.ctx)
	r.must(err)
	return c.Struck[id]
}

// finish ends the router in good order and looks at what stays behind: the store, the breaches, the logs.
func (r *rig) finish() {
	r.t.Helper()
	r.stopRouter()
	c, err := r.client.Counters(r.ctx)
	r.must(err)
	if bad := c.Misdeeds(1 + r.restarts); len(bad) > 0 {
		r.t.Errorf("the bridge did what it must not: %v %+v", bad, c.BreachList)
	}
	r.checkStore()
	r.checkLogs()
}

// checkStore opens what the router has left on disk.
func (r *rig) checkStore() {
	r.t.Helper()
	db := r.openStore()
	defer db.Close()
	for _, pragma := range []string{"integrity_check", "foreign_key_check"} {
		var said string
		if err := db.QueryRowContext(r.ctx, "PRAGMA "+pragma).Scan(&said); err != nil && !errors.Is(err, sql.ErrNoRows) || said != "ok" && said != "" {
			r.t.Errorf("%s: %q, %v", pragma, said, err)
		}
	}
}

// openStore reads the store of a router that has ended.
func (r *rig) openStore() *sql.DB {
	r.t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(r.dataDir(), "causeway.db")+"?mode=ro")
	r.must(err)
	return db
}

// checkLogs looks for panics, and for what no log may hold, also at level debug: tokens, names and what people wrote.
func (r *rig) checkLogs() {
	r.t.Helper()
	words := []string{"panic", "DATA RACE", nameMark, bodyMark, "BOT-TOKEN"}
	for i, line := range r.log() {
		for _, word := range words {
			if strings.Contains(line, word) {
				r.t.Errorf("line %d of the logs holds %q: %.300s", i+1, word, line)
				return
			}
		}
	}
}

// log is every line that router, bridges and simulator have written.
func (r *rig) log() (lines []string) {
	for _, name := range []string{"router", "telegram-simulator"} {
		text, err := os.ReadFile(filepath.Join(r.dir, name+".log"))
		if err != nil {
			r.t.Error(err)
		}
		lines = append(lines, strings.Split(string(text), "\n")...)
	}
	return lines
}

// loud lists the last lines that are no mere steps.
func (r *rig) loud(n int) (lines []string) {
	for _, line := range r.log() {
		if line != "" && !strings.Contains(line, "level=DEBUG") {
			lines = append(lines, line)
		}
	}
	return lines[max(0, len(lines)-n):]
}

// count says how many lines of the log hold all words.
func (r *rig) count(words ...string) (n int) {
	for _, line := range r.log() {
		all := true
		for _, w := range words {
			all = all && strings.Contains(line, w)
		}
		if all {
			n++
		}
	}
	return n
}
