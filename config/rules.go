// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"maps"
	"net"
	"path/filepath"
	"slices"
	"time"
)

// rules checks what no schema can say: what settings mean together. Values that are broken were
// reported already and are passed over.
type rules struct {
	root    *node
	cfg     *Config
	schemas map[string]*Schema
	report  *report
}

func (u *rules) check() {
	if accounts := u.root.get("accounts"); len(accounts.keys()) == 0 && (accounts == nil || accounts.kind == mapping) {
		u.report.add(u.at("accounts"), "accounts", "name at least one, for example tg with network: telegram", "is missing")
	}
	u.listen()
	u.sockets()
	u.order("outbox", "retry_base", u.cfg.Outbox.RetryBase, "retry_cap", u.cfg.Outbox.RetryCap)
	u.order("supervisor", "backoff_base", u.cfg.Supervisor.BackoffBase, "backoff_cap", u.cfg.Supervisor.BackoffCap)
	u.unique()
	u.rooms()
}

// at is the place of a setting, or of the nearest one around it.
func (u *rules) at(path ...string) position {
	n := u.root
	for _, key := range path {
		next := n.get(key)
		if next == nil {
			break
		}
		n = next
	}
	return n.pos
}

func (u *rules) listen() {
	n := usable(u.root.get("listen"))
	if n == nil || u.cfg.ListenPublic || isLoopback(n.text) {
		return
	}
	_, port, _ := net.SplitHostPort(n.text)
	u.report.add(n.pos, "listen", fmt.Sprintf("use 127.0.0.1:%s and reach it with ssh -L %s:127.0.0.1:%s, or set listen_public: true behind TLS", port, port, port),
		"can be reached from other machines")
}

// maxSocket is the longest path of a unix socket that Linux takes.
const maxSocket = 107

// pluginSocket is the longest path, below the runtime folder, of a plugin's socket: plugins/host makes a folder for each
// account, in which the plugin library calls it "plugin" and a number.
func pluginSocket(account string) string { return filepath.Join("b", account, "plugin4294967295") }

// sockets checks the paths of the sockets: the router's own, and those of the plugins.
func (u *rules) sockets() {
	const hint = "choose a shorter data_dir"
	if n := len(u.cfg.ControlSocket()); n > maxSocket {
		u.report.add(u.at("data_dir"), "data_dir", hint, "makes the path of the control socket %d bytes long: a unix socket takes %d", n, maxSocket)
		return
	}
	for _, name := range slices.Sorted(maps.Keys(u.cfg.Accounts)) {
		if n := len(filepath.Join(u.cfg.RuntimeDir(), pluginSocket(name))); n > maxSocket {
			u.report.add(u.at("accounts", name), join("accounts", name), "choose a shorter name or data_dir", "makes the path of its plugin's socket %d bytes long: a unix socket takes %d", n, maxSocket)
		}
	}
}

func (u *rules) order(section, low string, base time.Duration, high string, limit time.Duration) {
	if base > limit {
		u.report.add(u.at(section, low), join(section, low), "", "is longer than %s", high)
	}
}

// unique refuses two accounts of one network that share what can be used only once.
func (u *rules) unique() {
	accounts := u.root.get("accounts")
	if accounts == nil {
		return
	}
	seen := map[string]string{}
	for _, account := range accounts.fields {
		network := account.val.get("network")
		if network == nil {
			continue
		}
		for _, f := range account.val.fields {
			if f.val.kind != scalar || !u.isUnique(network.text, f.key) {
				continue
			}
			id := network.text + "\x00" + f.key + "\x00" + f.val.text
			if first, ok := seen[id]; ok {
				u.report.add(f.val.pos, join(join("accounts", account.key), f.key), "each account needs its own", "is the same as that of account %s", shownKey(first))
				continue
			}
			seen[id] = account.key
		}
	}
}

func (u *rules) isUnique(network, key string) bool {
	if key == "token" || key == "rpc" {
		return true
	}
	s := u.schemas[network]
	return s != nil && s.Properties.Get(key) != nil && s.Properties.Get(key).Unique
}

func (u *rules) rooms() {
	rooms := u.root.get("rooms")
	if rooms == nil {
		return
	}
	used := map[Chat]string{}
	for _, room := range rooms.fields {
		chats := room.val.get("chats")
		if chats == nil {
			continue
		}
		groups := map[string]Chat{}
		for i, item := range chats.items {
			path := fmt.Sprintf("%s.chats[%d]", join("rooms", room.key), i)
			if n := chatNode(item); n != nil {
				u.chat(path, n, room.key, used, groups)
			}
		}
	}
}

// chatNode is the address inside an entry of chats, or nil when it is missing or broken.
func chatNode(item *node) *node {
	if item.kind == mapping {
		item = item.get("chat")
	}
	if item == nil || item.kind != scalar {
		return nil
	}
	return item
}

func (u *rules) chat(path string, n *node, room string, used map[Chat]string, groups map[string]Chat) {
	chat, err := parseChat(n.text)
	if err != nil {
		return
	}
	account := u.root.get("accounts").get(chat.Account)
	if account == nil {
		u.report.add(n.pos, path, didYouMean(chat.Account, u.root.get("accounts").keys()), "names the account %s, which is not in accounts", shownKey(chat.Account))
		return
	}
	switch other, ok := used[chat]; {
	case ok && other == room:
		u.report.add(n.pos, path, "leave one of them out", "is in this room already")
		return
	case ok:
		u.report.add(n.pos, path, "a chat is in one room at most", "is already in room %s", shownKey(other))
		return
	}
	used[chat] = room
	if network := account.get("network"); network != nil {
		group := network.text + ":" + chat.Remote
		if other, ok := groups[group]; ok {
			u.report.add(n.pos, path, "a room has a group once, whatever the account", "is the same group as %s:…", shownKey(other.Account))
		}
		groups[group] = chat
	}
}
