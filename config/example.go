// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Example returns a causeway.yaml with every key explained: what must be given stands there, the rest
// stands commented out with its default. It loads without problems once the variables in it are set.
func Example(schemas map[string]*Schema) []byte {
	return sampleFile(schemas, starting{networks: slices.Sorted(maps.Keys(schemas))})
}

// starting is what a sample begins with: the networks, and values other than the defaults.
type starting struct {
	networks []string
	values   map[string]string // top-level keys, as text
	secret   string            // the secret that one network needs,
	secretOf string            // and that network
}

func sampleFile(schemas map[string]*Schema, with starting) []byte {
	w := &sample{with: with}
	w.line(0, "# SPDX-License-Identifier: Apache-2.0")
	w.comment(0, "causeway.yaml: lines that begin with # and a space explain; lines that begin with # alone are "+
		"settings with their defaults, to be changed by removing the #. ${NAME} is taken from the environment.")
	root := documented()
	for _, p := range root.Properties {
		w.line(0, "")
		switch p.Key {
		case "accounts":
			w.accounts(p.Schema, schemas)
		case "rooms":
			w.rooms(p.Schema)
		default:
			w.top(p.Key, p.Schema)
		}
	}
	return []byte(w.String())
}

// sample writes YAML with comments.
type sample struct {
	strings.Builder
	with starting
}

func (w *sample) line(indent int, text string) {
	if text != "" {
		text = strings.Repeat("  ", indent) + text
	}
	w.WriteString(text + "\n")
}

// comment writes text in lines of about ninety letters.
func (w *sample) comment(indent int, text string) {
	line := "#"
	for _, word := range strings.Fields(text) {
		if len(line)+len(word) > 90-2*indent {
			w.line(indent, line)
			line = "#"
		}
		line += " " + word
	}
	if line != "#" {
		w.line(indent, line)
	}
}

func (w *sample) top(key string, s *Schema) {
	value, chosen := w.with.values[key]
	switch {
	case chosen:
		w.comment(0, s.Description)
		w.line(0, key+": "+quote(value))
	case key == "data_dir" || key == "listen":
		w.setting(0, key, s, "", true)
	default:
		w.setting(0, key, s, "", s.kind() == mapping && s.Additional == nil)
	}
}

// setting writes one key with its comment; active tells whether it takes effect.
func (w *sample) setting(indent int, key string, s *Schema, network string, active bool) {
	mark := "#"
	if active {
		mark = ""
	}
	w.comment(indent, s.Description)
	if s.Secret && s.Format != "proxy" {
		w.comment(indent, fmt.Sprintf("Or %s%s: a file that holds it, or %s%s: the name of a systemd credential.", key, fileSuffix, key, credentialSuffix))
	}
	if len(s.AnyOf) > 0 || s.kind() != mapping || len(s.Properties) == 0 {
		w.line(indent, mark+key+": "+w.value(key, s, network))
		return
	}
	w.line(indent, mark+key+":")
	for _, p := range s.Properties {
		w.setting(indent+1, p.Key, p.Schema, network, false)
	}
}

// value is what stands behind a key: an example, the default, or a stand-in.
func (w *sample) value(key string, s *Schema, network string) string {
	text := ""
	switch {
	case s.Secret && network != "" && len(s.Examples) == 0:
		if w.with.secret != "" && w.with.secretOf == network {
			return quote(w.with.secret)
		}
		return "${" + envName(network+"_"+key) + "}"
	case len(s.Examples) > 0:
		text = fmt.Sprint(s.Examples[0])
	case s.Default != nil:
		text = fmt.Sprint(s.Default)
	case len(s.Enum) > 0:
		text = fmt.Sprint(s.Enum[0])
	case s.Format == "path":
		text = "/path/to/" + strings.TrimSuffix(strings.TrimSuffix(key, "_dir"), fileSuffix)
	case s.Type == "integer" || s.Type == "number":
		text = "1"
	case s.Type == "boolean":
		text = "false"
	}
	if s.Type == "string" || text == "" {
		return quote(text)
	}
	return text
}

// quote puts text into quotes when YAML could read it as something else.
func quote(text string) string {
	if text == "" || strings.ContainsAny(text, "#\"'\\\n\t{}[],&*!|>%@`") || strings.Contains(text, ": ") ||
		strings.HasSuffix(text, ":") || strings.ContainsAny(text[:1], "+-? ") || strings.HasSuffix(text, " ") {
		return strconv.Quote(text)
	}
	return text
}

// familiar are short names and chat ids that people know from the networks' own pages.
var familiar = map[string]struct{ account, remote string }{
	"telegram": {"tg", "-1001234567890"},
	"whatsapp": {"wa", "120363041234567890@g.us"},
	"signal":   {"sig", "group.AbCdEfGhIjKlMnOpQrStUvWxYz0123456789+/AbCdE="},
}

// accountName is what the sample calls the account of a network.
func accountName(network string) string {
	if f := familiar[network]; f.account != "" {
		return f.account
	}
	return network
}

func (w *sample) accounts(s *Schema, schemas map[string]*Schema) {
	common := s.extra()
	w.comment(0, s.Description)
	if len(w.with.networks) == 0 {
		w.line(0, "#accounts: {}")
		return
	}
	w.line(0, "accounts:")
	for _, network := range w.with.networks {
		w.account(network, schemas[network], common)
	}
}

func (w *sample) account(network string, own, common *Schema) {
	w.line(1, accountName(network)+":")
	w.line(2, "network: "+network)
	merged := accountSchema(common, own)
	for _, required := range []bool{true, false} {
		for _, p := range merged.Properties[len(common.Properties):] {
			if required == slices.Contains(own.Required, p.Key) {
				w.setting(2, p.Key, p.Schema, network, required)
			}
		}
	}
	for _, p := range common.Properties {
		if p.Key != "network" {
			w.setting(2, p.Key, p.Schema, network, false)
		}
	}
}

func (w *sample) rooms(s *Schema) {
	w.comment(0, s.Description)
	w.line(0, "#rooms:")
	room := s.extra()
	w.line(1, "#lobby:")
	for _, p := range room.Properties {
		w.comment(2, p.Schema.Description)
		if p.Key != "chats" {
			w.line(2, "#"+p.Key+": "+w.value(p.Key, p.Schema, ""))
			continue
		}
		w.line(2, "#chats:")
		for _, network := range w.with.networks {
			w.line(3, "#- "+strconv.Quote(sampleChat(network, "")))
		}
		w.link(p.Schema.Items)
	}
}

// link writes one chat in the long form.
func (w *sample) link(s *Schema) {
	network := "NETWORK"
	if len(w.with.networks) > 0 {
		network = w.with.networks[0]
	}
	long := s.forKind(&node{kind: mapping})
	w.line(3, "#- chat: "+strconv.Quote(sampleChat(network, "7")))
	for _, p := range long.Properties {
		if p.Key != "chat" {
			w.setting(4, p.Key, p.Schema, "", false)
		}
	}
}

func sampleChat(network, suffix string) string {
	remote := familiar[network].remote
	if remote == "" {
		remote = "CHAT"
	}
	if suffix != "" {
		remote = remote[:len(remote)-1] + suffix
	}
	return accountName(network) + ":" + remote
}
