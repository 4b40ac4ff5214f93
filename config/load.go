// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

// Load reads the config at path, under the CAUSEWAY_… variables of environ (entries "NAME=value", as
// from os.Environ), over the defaults. An empty path reads the environment alone. Schemas describe the
// accounts' own keys, by network; a network without one is unknown.
//
// The Config is nil exactly when there are problems; these are all that were found, in the order of the
// file. Load reads files, also those that hold secrets, and makes no other call outside the process.
func Load(path string, environ []string, schemas map[string]*Schema) (*Config, []Problem) {
	l := newLoader(path, environ, schemas)
	cfg := l.load()
	if problems := l.report.sorted(); len(problems) > 0 {
		return nil, problems
	}
	return cfg, nil
}

// Check returns what Load does, and what is dangerous or of no use though it would run: a file with a secret in it
// that everybody on the machine can read, an account whose network is Unusable.
func Check(path string, environ []string, schemas map[string]*Schema) []Problem {
	l := newLoader(path, environ, schemas)
	l.checking = true
	l.load()
	if info, err := os.Stat(path); err == nil && l.secrets.inline != "" && info.Mode().Perm()&0o004 != 0 {
		l.report.add(position{file: path}, l.secrets.inline, "chmod 600 the file, or move the secret to a file of its own", "stands in a file that everybody on this machine can read")
	}
	return l.report.sorted()
}

// Peek reads what does not depend on schemas: the folders, the address, the times, and the accounts with
// their networks, but not their own keys. It passes over mistakes, which Load reports, and fails only
// when the file cannot be read.
//
// It serves who needs the folders or the networks before the schemas are known, and commands that talk
// to a running router without its secrets.
func Peek(path string, environ []string) (*Config, error) {
	l := newLoader(path, environ, nil)
	if _, err := l.read(); err != nil {
		return nil, err
	}
	if cfg := l.load(); cfg != nil {
		return cfg, nil
	}
	return nil, errors.New(l.report.sorted()[0].String())
}

type loader struct {
	path    string
	base    string
	env     map[string]string
	schemas map[string]*Schema
	report  *report
	secrets *secrets
	// checking: unusable networks are reported too.
	checking bool
}

func newLoader(path string, environ []string, schemas map[string]*Schema) *loader {
	env, r := splitEnviron(environ), &report{}
	base, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		base = filepath.Dir(path)
	}
	return &loader{
		path: path, base: base, env: env, schemas: schemas, report: r,
		secrets: &secrets{report: r, base: base, credentials: env["CREDENTIALS_DIRECTORY"]},
	}
}

func (l *loader) read() ([]byte, error) {
	if l.path == "" {
		return nil, nil
	}
	f, err := os.Open(l.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = errors.New("cannot be read: it is too large for a config")
	}
	return data, err
}

func (l *loader) load() *Config {
	data, err := l.read()
	if err != nil {
		l.report.add(position{file: l.path}, "", "", "%s", readSentence(err))
		return nil
	}
	root := parseTree(l.path, data, l.report)
	if root == nil {
		return nil
	}
	return l.fromTree(root)
}

func (l *loader) fromTree(root *node) *Config {
	if root.kind == null {
		root.kind = mapping
	}
	if root.kind != mapping {
		l.report.add(root.pos, "", "write its keys on lines of their own, each as key: value", "wants keys with values, not %s", kindWords[root.kind])
		return nil
	}
	expand("", root, l.env, l.report)
	newAccounts(root, l.env)
	schema, networks := l.schemaFor(root)
	override(root, schema, l.env, l.report)
	l.secrets.resolve("", root, schema)
	validate("", root, schema, l.report)
	return l.decode(root, networks)
}

// schemaFor describes this very file: each account by its own network. It also returns the networks'
// schemas by account.
func (l *loader) schemaFor(root *node) (*Schema, map[string]*Schema) {
	schema, networks := routerSchema(), map[string]*Schema{}
	accounts := schema.Properties.Get("accounts")
	common := accounts.extra()
	if given := root.get("accounts"); given != nil {
		for _, f := range given.fields {
			networks[f.key] = l.network(f)
			accounts.Properties = append(accounts.Properties, Property{f.key, accountSchema(common, networks[f.key])})
		}
	}
	accounts.Additional = nil
	return schema, networks
}

// network returns the schema of an account's network; nil, with a problem, when it is not known.
func (l *loader) network(account field) *Schema {
	n := account.val.get("network")
	if l.schemas == nil || n == nil || n.kind != scalar {
		return nil
	}
	s, key := l.schemas[n.text], join(join("accounts", account.key), "network")
	switch {
	case s != nil && s.unusable != nil && l.checking:
		l.report.add(n.pos, key, s.unusable.Suggestion, "%s", s.unusable.Sentence)
	case s == nil:
		what := "this network"
		if !n.hidden {
			what = fmt.Sprintf("the network %s", shownKey(n.text))
		}
		l.report.add(n.pos, key, didYouMean(n.text, slices.Collect(maps.Keys(l.schemas))), "has no plugin: %s is not known", what)
	}
	return s
}

func (l *loader) decode(root *node, networks map[string]*Schema) *Config {
	// systemd lists several folders with colons between them; the first is ours.
	runtimeDir, _, _ := strings.Cut(l.env["RUNTIME_DIRECTORY"], ":")
	cfg, d := &Config{runtimeDir: runtimeDir}, decoder{base: l.base}
	d.structure(reflect.ValueOf(cfg).Elem(), root)
	common := routerSchema().Properties.Get("accounts").extra()
	for name, account := range cfg.Accounts {
		if network := networks[name]; network != nil {
			account.document = d.document(root.get("accounts").get(name), network, common)
		}
	}
	for name, room := range cfg.Rooms {
		if room.Title == "" {
			room.Title = name
		}
	}
	u := rules{root: root, cfg: cfg, schemas: l.schemas, report: l.report}
	u.check()
	return cfg
}
