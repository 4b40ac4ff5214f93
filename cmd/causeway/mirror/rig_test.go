// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/cmd/causeway/child"
)

// patience bounds every wait: it is long, because a busy machine is no mistake of the router.
const patience = 3 * time.Minute

// network is what the rig must know of one; its simulator tells the rest.
type network struct {
	name, account, person string
	groups                sim.GroupKind
	pairs                 bool     // a phone must link the account first
	lacks                 []string // kinds of the table that nobody can post there
}

var (
	telegram = network{name: "telegram", account: "tg", person: "Ana", groups: sim.Supergroup}
	whatsapp = network{name: "whatsapp", account: "wa", person: "Ben", pairs: true}
	signal   = network{name: "signal", account: "sig", person: "Cleo", lacks: []string{"video note", "place", "place with a name"}}
)

// bin is where TestMain has built the programs.
var bin string

// TestMain builds the real programs once.
func TestMain(m *testing.M) {
	code, err := buildAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func buildAndRun(m *testing.M) (code int, err error) {
	if bin, err = os.MkdirTemp("", "causeway-bin-"); err != nil {
		return 0, err
	}
	defer os.RemoveAll(bin)
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", bin+string(filepath.Separator), "./cmd/causeway",
		"./cmd/causeway-bridge-telegram", "./cmd/causeway-bridge-whatsapp", "./cmd/causeway-bridge-signal")
	build.Dir = filepath.Join("..", "..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build the programs: %w\n%s", err, out)
	}
	return m.Run(), nil
}

// rig is a room of one group on each network.
type rig struct {
	t      *testing.T
	dir    string
	sides  []*side
	router *child.Process
}

// side is a simulated network with one person in one group.
type side struct {
	network
	client *sim.Client
	ready  sim.Ready
	group  sim.ChatID
	who    sim.UserID
}

// way is a direction between two networks.
type way struct{ from, to *side }

// ways lists the directions between the networks of the room.
func (r *rig) ways() (out []way) {
	for _, from := range r.sides {
		for _, to := range r.sides {
			if from != to {
				out = append(out, way{from, to})
			}
		}
	}
	return out
}

func newRig(t *testing.T, networks ...network) *rig {
	t.Helper()
	runtime.LockOSThread()              // children die with the thread that started them, which is the test's
	dir, err := os.MkdirTemp("", "cw-") // short: unix sockets are below it
	must(t, err)
	r := &rig{t: t, dir: dir}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(r.lastWords(30))
		}
		_ = os.RemoveAll(dir)
	})
	for _, n := range networks {
		r.sides = append(r.sides, r.side(n))
	}
	r.writeConfig()
	r.start()
	t.Cleanup(func() { r.router.Stop(time.Minute) })
	t.Cleanup(r.checkTelegram)
	for _, s := range r.sides {
		if s.pairs {
			r.pair(s)
		}
	}
	r.greet()
	return r
}

// maxLives is more than any test lets a bridge have. Each life may poll once where the one before it has just polled.
const maxLives = 8

// checkTelegram makes sure that the bridge to Telegram made no call that could never succeed, none inside a time that it was told
// to wait, and did not poll without a pause.
func (r *rig) checkTelegram() {
	for _, s := range r.sides {
		if s.name != telegram.name {
			continue
		}
		c, err := s.client.Counters(context.Background())
		if err != nil {
			r.t.Error(err)
		}
		if bad := c.Misdeeds(maxLives); len(bad) > 0 {
			r.t.Errorf("the bridge to %s did what it must not: %v %+v", s.name, bad, c.BreachList)
		}
	}
}

// greet waits until everybody's first words have arrived. Phones learn of a device that was just linked from what it asks for
// again, so these words may come late, and files behind others.
func (r *rig) greet() {
	r.t.Helper()
	for _, s := range r.sides {
		s.post(r.t, sim.Post{Content: sim.Content{Text: "hello from " + s.name}})
	}
	for _, s := range r.sides {
		for _, other := range r.sides {
			if other != s {
				other.sees(r.t, "the greeting", ours("hello from "+s.name))
			}
		}
	}
}

func (r *rig) start() {
	r.t.Helper()
	p, err := child.Start(r.dir, "router", nil, filepath.Join(bin, "causeway"), "run", "-c", r.config())
	must(r.t, err)
	r.router = p
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// side starts a simulator and fills it.
func (r *rig) side(n network) *side {
	r.t.Helper()
	dir := filepath.Join(r.dir, n.account)
	must(r.t, os.Mkdir(dir, 0o700))
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	p, ready, err := child.StartSimulator(ctx, dir, filepath.Join(bin, "causeway-bridge-"+n.name))
	must(r.t, err)
	r.t.Cleanup(func() { p.Stop(time.Minute) })
	s := &side{network: n, ready: ready, client: sim.NewClient(ready.Control)}
	r.t.Cleanup(s.client.Close)
	reply, err := s.client.CreateUser(ctx, sim.NewUser{Name: n.person})
	must(r.t, err)
	s.who = reply.User
	s.group, err = s.client.CreateGroup(ctx, sim.NewGroup{Title: "Choir", Kind: n.groups, Members: []sim.UserID{s.who}, Role: sim.RoleAdmin})
	must(r.t, err)
	return s
}

func (r *rig) config() string { return filepath.Join(r.dir, "causeway.yaml") }

// endpointKeys stand below endpoint: in an account's config.
var endpointKeys = []string{"ca_file", "root_key"}

func (r *rig) writeConfig() {
	text := fmt.Sprintf(`data_dir: %q
listen: 127.0.0.1:0
plugin_dir: %q
outbox: {deliver_timeout: 10s, retry_base: 20ms, retry_cap: 500ms, settle_wait: 3s}
supervisor: {heartbeat: 30s, backoff_base: 20ms, backoff_cap: 500ms}
accounts:
`, filepath.Join(r.dir, "data"), bin)
	var chats []string
	for _, s := range r.sides {
		text += fmt.Sprintf("  %s:\n    network: %s\n    limits: off\n", s.account, s.name)
		var below string
		for key, value := range s.ready.Config {
			line := fmt.Sprintf("%s: %q\n", key, value)
			if slices.Contains(endpointKeys, key) {
				below += "      " + line
				continue
			}
			text += "    " + line
		}
		if below != "" {
			text += "    endpoint:\n" + below
		}
		chats = append(chats, fmt.Sprintf("%q", s.account+":"+string(s.group)))
	}
	text += fmt.Sprintf("rooms:\n  choir: {chats: [%s]}\n", strings.Join(chats, ", "))
	must(r.t, os.WriteFile(r.config(), []byte(text), 0o600))
}

// pair runs `causeway pair` once the account wants it, and lets the phone scan what it shows.
func (r *rig) pair(s *side) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !r.wantsPairing(ctx, s) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			r.t.Fatalf("%s never wants to be paired", s.account)
		}
	}
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "causeway"), "pair", s.account, "--json", "-c", r.config())
	var said, complained bytes.Buffer
	cmd.Stderr = &complained
	out, err := cmd.StdoutPipe()
	must(r.t, err)
	must(r.t, cmd.Start())
	err = s.scan(ctx, io.TeeReader(out, &said))
	if err = errors.Join(err, cmd.Wait()); err != nil {
		r.t.Fatalf("pair: %v: %s%s", err, said.Bytes(), complained.Bytes())
	}
}

// wantsPairing reports whether the router says that the account waits for its phone.
func (r *rig) wantsPairing(ctx context.Context, s *side) bool {
	out, err := exec.CommandContext(ctx, filepath.Join(bin, "causeway"), "status", "--json", "-c", r.config()).Output()
	var status struct {
		Accounts []struct{ Name, State string }
	}
	if err != nil || json.Unmarshal(out, &status) != nil {
		return false // the router does not listen yet
	}
	return slices.ContainsFunc(status.Accounts, func(a struct{ Name, State string }) bool { return a.Name == s.account && a.State == "pairing" })
}

// scan lets the phone scan each code that the steps of pairing show.
func (s *side) scan(ctx context.Context, steps io.Reader) error {
	scanned := ""
	for lines := bufio.NewScanner(steps); lines.Scan(); {
		var step struct{ QR string }
		if json.Unmarshal(lines.Bytes(), &step) != nil || step.QR == "" || step.QR == scanned {
			continue
		}
		scanned = step.QR
		if err := s.client.Pair(ctx, sim.Pair{QR: scanned}); err != nil {
			return err
		}
	}
	return nil
}

// lastWords are the last lines of the router's log.
func (r *rig) lastWords(n int) string {
	text, err := os.ReadFile(filepath.Join(r.dir, "router.log"))
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// post lets the side's person post.
func (s *side) post(t *testing.T, p sim.Post) sim.MessageID {
	t.Helper()
	p.Chat, p.User = s.group, s.who
	id, err := s.client.Post(t.Context(), p)
	must(t, err)
	return id
}

// sees waits until the side's person sees a message for which ok holds.
func (s *side) sees(t *testing.T, what string, ok func(sim.Seen) bool) (found sim.Seen) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	view, err := s.client.WaitUntil(ctx, sim.See{Chat: s.group, User: s.who}, func(v sim.View) bool {
		i := slices.IndexFunc(v.Messages, ok)
		if i >= 0 {
			found = v.Messages[i]
		}
		return i >= 0
	})
	if err != nil {
		last := view.Messages[max(0, len(view.Messages)-4):]
		t.Fatalf("nobody on %s sees %s: %v; the last of what they see: %+v", s.name, what, err, last)
	}
	return found
}
