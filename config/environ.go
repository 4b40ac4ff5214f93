// SPDX-License-Identifier: Apache-2.0

package config

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// envPrefix begins the name of every environment variable that overrides a value of the file.
const envPrefix = "CAUSEWAY_"

var networkVariable = regexp.MustCompile(`^CAUSEWAY_ACCOUNTS_([A-Z0-9][A-Z0-9_]*)_NETWORK$`)

// splitEnviron turns "NAME=value" entries into a map.
func splitEnviron(environ []string) map[string]string {
	env := map[string]string{}
	for _, e := range environ {
		if name, value, ok := strings.Cut(e, "="); ok {
			env[name] = value
		}
	}
	return env
}

// overrides are the variables that may name settings, sorted; an empty one counts as not set.
func overrides(env map[string]string) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if strings.HasPrefix(name, envPrefix) && env[name] != "" {
			names = append(names, name)
		}
	}
	return names
}

// newAccounts adds the accounts whose network comes from the environment alone, before anything else is
// resolved: what an account's other variables mean depends on its network.
func newAccounts(root *node, env map[string]string) {
	for _, name := range overrides(env) {
		m := networkVariable.FindStringSubmatch(name)
		if m == nil {
			continue
		}
		accounts := child(root, "accounts", position{file: name})
		if accounts.kind != mapping {
			continue
		}
		account := child(accounts, keyFor(accounts, &Schema{}, m[1]), position{file: name})
		if account.kind == mapping {
			account.set("network", envNode(name, env[name]))
		}
	}
}

// child returns the value of a key, which is made a mapping when there is none.
func child(n *node, key string, at position) *node {
	if c := n.get(key); c != nil {
		return c
	}
	c := &node{pos: at, kind: mapping}
	n.set(key, c)
	return c
}

func envNode(name, value string) *node {
	return &node{pos: position{file: name}, kind: scalar, text: value, hidden: true}
}

var notEnv = regexp.MustCompile(`[^A-Z0-9]`)

// envName is how a key is written in the name of a variable.
func envName(key string) string { return notEnv.ReplaceAllString(strings.ToUpper(key), "_") }

// override puts the values of CAUSEWAY_… variables over those of the file.
func override(root *node, schema *Schema, env map[string]string, r *report) {
	for _, name := range overrides(env) {
		rest := strings.TrimPrefix(name, envPrefix)
		path, s := findSetting(root, schema, rest)
		if s == nil {
			unknownVariable(name, rest, schema, r)
			continue
		}
		if value := envValue(name, env[name], s, r); value != nil {
			place(root, path, value)
		}
	}
}

// findSetting returns the path of the setting that rest names, and its schema; nil when there is none.
func findSetting(n *node, s *Schema, rest string) ([]string, *Schema) {
	if len(s.AnyOf) > 0 {
		s = s.forKind(&node{kind: mapping})
	}
	for _, beginning := range beginnings(n, s, rest) {
		key, tail := keyFor(n, s, beginning), rest[len(beginning):]
		found := s.child(key)
		if found == nil || tail == "" {
			return []string{key}, found
		}
		if path, found := findSetting(n.get(key), found, tail[1:]); found != nil {
			return append([]string{key}, path...), found
		}
	}
	return nil, nil
}

// keyFor returns the described or given key that is written as name; for a new key of a map, name in
// small letters. Maps of plain values are about plugins, whose names have dashes.
func keyFor(n *node, s *Schema, name string) string {
	for _, k := range append(s.keys(), n.keys()...) {
		if envName(k) == name {
			return k
		}
	}
	if extra := s.extra(); extra != nil && extra.Type == "string" {
		name = strings.ReplaceAll(name, "_", "-")
	}
	return strings.ToLower(name)
}

func (n *node) keys() []string {
	var keys []string
	if n != nil {
		for _, f := range n.fields {
			keys = append(keys, f.key)
		}
	}
	return keys
}

// beginnings are the pieces of rest, up to an underscore or the end, that may be a key of s: keys that
// are known, longest first, then names that are new to a map, shortest first.
func beginnings(n *node, s *Schema, rest string) []string {
	known := map[string]bool{}
	for _, k := range s.keys() {
		known[envName(k)] = true
	}
	if s.Additional != nil {
		for _, k := range n.keys() {
			known[envName(k)] = true
		}
	}
	var old, fresh []string
	for end := 1; end <= len(rest); end++ {
		switch {
		case end < len(rest) && rest[end] != '_':
		case known[rest[:end]]:
			old = append([]string{rest[:end]}, old...)
		case s.extra() != nil:
			fresh = append(fresh, rest[:end])
		}
	}
	return append(old, fresh...)
}

// envValue reads a variable as what its setting wants: text, or YAML for lists and objects.
func envValue(name, text string, s *Schema, r *report) *node {
	if s.kind() == scalar && len(s.AnyOf) == 0 || !strings.ContainsAny(text, "[{") {
		return envNode(name, text)
	}
	inner := &report{}
	n := parseTree(name, []byte(text), inner)
	if n == nil || len(inner.problems) > 0 {
		r.add(position{file: name}, "", "", "is not a value in YAML or JSON")
		return nil
	}
	relocate(n, name)
	return n
}

// relocate makes a tree that was read from a variable point at the variable.
func relocate(n *node, name string) {
	n.pos, n.hidden = position{file: name}, true
	for i := range n.fields {
		n.fields[i].pos = n.pos
		relocate(n.fields[i].val, name)
	}
	for _, item := range n.items {
		relocate(item, name)
	}
}

// place sets the value at path. A secret takes the place of its other forms in the file.
func place(root *node, path []string, value *node) {
	n := root
	for _, key := range path[:len(path)-1] {
		if n = child(n, key, value.pos); n.kind != mapping {
			return
		}
	}
	key := path[len(path)-1]
	n.set(key, value)
	base := strings.TrimSuffix(strings.TrimSuffix(key, fileSuffix), credentialSuffix)
	for _, other := range []string{base, base + fileSuffix, base + credentialSuffix} {
		if f := n.get(other); other != key && f != nil && f.pos.line > 0 {
			n.remove(other)
		}
	}
}

// unknownVariable reports a variable that begins like a setting and is none. Others are passed over:
// Kubernetes sets CAUSEWAY_PORT and the like for a service of that name, and the command line has its own.
func unknownVariable(name, rest string, schema *Schema, r *report) {
	known := envNames(envPrefix[:len(envPrefix)-1], schema)
	near := nearest(name, known)
	section, _, _ := strings.Cut(rest, "_")
	c := schema.Properties.Get(strings.ToLower(section))
	if near == "" && (c == nil || c.kind() != mapping) {
		return
	}
	hint := ""
	if near != "" {
		hint = "did you mean " + near + "?"
	}
	r.add(position{file: name}, "", hint, "names no setting")
}

// envNames are the names of all settings that a schema describes.
func envNames(prefix string, s *Schema) []string {
	var out []string
	if len(s.AnyOf) > 0 {
		s = s.forKind(&node{kind: mapping})
	}
	for _, key := range s.keys() {
		name := prefix + "_" + envName(key)
		if c := s.child(key); c.kind() == mapping || len(c.AnyOf) > 0 {
			out = append(out, envNames(name, c)...)
			if len(c.AnyOf) == 0 {
				continue
			}
		}
		out = append(out, name)
	}
	return out
}
