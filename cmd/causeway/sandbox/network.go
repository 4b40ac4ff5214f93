// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/cmd/causeway/child"
)

// kind is what a sandbox must know of a network; everything else its simulator tells.
type kind struct {
	name    string // as in the config, and of the bridge's binary
	title   string
	account string // what its account is called in the config
	person  string // who writes there
	pairs   bool   // a device must be paired before it can talk
	// simulate are further flags of its simulator.
	simulate []string
}

// kinds are the networks of a sandbox, in the order of its story.
var kinds = []kind{
	{name: "telegram", title: "Telegram", account: "tg", person: "Ana", simulate: []string{"--reads-all"}},
	{name: "whatsapp", title: "WhatsApp", account: "wa", person: "Ben", pairs: true},
	{name: "signal", title: "Signal", account: "sig", person: "Cleo"},
}

// configPaths are where the keys of a ready line stand in an account's config, when not at its top.
var configPaths = map[string]string{"ca_file": "endpoint", "root_key": "endpoint"}

// network is a simulated network with one person, who is in one group of each room.
type network struct {
	kind
	simulator *process
	ready     sim.Ready
	client    *sim.Client
	person    sim.UserID
	groups    []sim.ChatID // one for each room
}

func (k kind) program() string { return "causeway-bridge-" + k.name }

// populate starts the simulator and fills it.
func (n *network) populate(ctx context.Context, w *world) error {
	p, ready, err := child.StartSimulator(ctx, w.dir, w.binary(n.program()), n.simulate...)
	if err != nil {
		return fmt.Errorf("%s: %w", n.title, err)
	}
	n.simulator, n.ready, n.client = w.watch(n.name+"-simulator", p), ready, sim.NewClient(ready.Control)
	reply, err := n.client.CreateUser(ctx, sim.NewUser{Name: n.kind.person})
	if err != nil {
		return fmt.Errorf("%s: make a person: %w", n.title, err)
	}
	n.person = reply.User
	for room := range w.opt.Rooms {
		id, err := n.client.CreateGroup(ctx, sim.NewGroup{
			Title: fmt.Sprintf("Room %d", room+1), Kind: n.groupKind(), Members: []sim.UserID{n.person}, Role: sim.RoleAdmin})
		if err != nil {
			return fmt.Errorf("%s: make a group: %w", n.title, err)
		}
		n.groups = append(n.groups, id)
	}
	return nil
}

// groupKind is what groups have to be for a bot to hear reactions in them; other networks have one kind alone.
func (k kind) groupKind() sim.GroupKind {
	if k.name == "telegram" {
		return sim.Supergroup
	}
	return ""
}

// config is the account as an operator would write it.
func (n *network) config() string {
	out := fmt.Sprintf("  %s:\n    network: %s\n    limits: off\n", n.account, n.name)
	nested := map[string][]string{}
	for _, key := range slices.Sorted(maps.Keys(n.ready.Config)) {
		line := fmt.Sprintf("%s: %q\n", key, n.ready.Config[key])
		if in := configPaths[key]; in != "" {
			nested[in] = append(nested[in], "      "+line)
			continue
		}
		out += "    " + line
	}
	for _, in := range slices.Sorted(maps.Keys(nested)) {
		out += "    " + in + ":\n" + strings.Join(nested[in], "")
	}
	return out
}

// pair runs `causeway pair` and lets the simulated phone scan what it shows.
func (n *network) pair(ctx context.Context, w *world) error {
	r, out, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	p, err := child.Start(w.dir, "pair", out, w.binary("causeway"), "pair", n.account, "--json", "-c", w.configFile())
	out.Close()
	if err != nil {
		return err
	}
	defer p.Kill()
	defer child.Until(ctx, r)()
	err = n.follow(ctx, json.NewDecoder(r))
	if said := child.LastWords(w.dir, "pair"); err != nil && said != "" {
		return fmt.Errorf("%w: %s", err, said)
	}
	return err
}

// follow reads the steps of pairing and does what the owner of the phone does.
func (n *network) follow(ctx context.Context, steps *json.Decoder) error {
	for {
		var step struct{ Step, QR, Text, Error string }
		switch err := steps.Decode(&step); {
		case errors.Is(err, io.EOF):
			return fmt.Errorf("%s: pairing ended early", n.title)
		case err != nil:
			return fmt.Errorf("%s: pairing: %w", n.title, err)
		}
		switch step.Step {
		case "done":
			return nil
		case "failed":
			return fmt.Errorf("%s: pairing failed: %s", n.title, step.Error)
		case "show_qr":
			if err := n.client.Pair(ctx, sim.Pair{QR: step.QR}); err != nil {
				return fmt.Errorf("%s: scan the code: %w", n.title, err)
			}
		}
	}
}

// listening waits until the router takes commands.
func (w *world) listening(ctx context.Context) error {
	socket := filepath.Join(w.dataDir(), "run", "control.sock")
	var dialer net.Dialer
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if c, err := dialer.DialContext(ctx, "unix", socket); err == nil {
			return c.Close()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("the router takes no commands: %w", context.Cause(ctx))
		}
	}
}

func (n *network) close() {
	n.simulator.stop(5 * time.Second)
	if n.client != nil {
		n.client.Close()
	}
}
