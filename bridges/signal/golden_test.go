// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/causeway-chat/causeway/core/chat"
)

// self is our own account in tests, ana and ben are people.
const (
	self = "00000000-1111-4222-8333-444444444444"
	ben  = "beefbeef-0000-4000-8000-000000000002"
)

func newConverter() *converter {
	names := map[ServiceID]string{ana: "Ana", ben: "Ben"}
	met := map[chat.RemoteChat]bool{}
	return &converter{
		me: self, names: func(id ServiceID) string { return names[id] },
		aliases: func(ServiceID) []chat.Alias { return nil },
		met:     func(c chat.RemoteChat) bool { was := met[c]; met[c] = true; return was },
		admin:   func(_ string, who ServiceID) bool { return who == ana },
	}
}

// TestNotificationsBecomeEvents: each file holds what signal-cli tells and what the router is told.
func TestNotificationsBecomeEvents(t *testing.T) {
	golden(t, "testdata/events/*.txtar", "notification", "events", func(t *testing.T, in []byte) []byte {
		var out bytes.Buffer
		c := newConverter()
		dec := json.NewDecoder(bytes.NewReader(in))
		for dec.More() {
			var raw json.RawMessage
			if err := dec.Decode(&raw); err != nil {
				t.Fatal(err)
			}
			describe(&out, c.read(Envelope{Raw: raw}))
		}
		return out.Bytes()
	})
}

// describe writes a verdict for people.
func describe(out *bytes.Buffer, v verdict) {
	if v.ignored != "" {
		fmt.Fprintf(out, "ignored: %s\n", v.ignored)
	}
	for _, id := range v.groups {
		fmt.Fprintf(out, "look at group %s\n", id)
	}
	for _, r := range v.receipts {
		fmt.Fprintf(out, "receipt by %s for %v\n", r.by, r.at)
	}
	if v.untrusted != "" {
		fmt.Fprintf(out, "untrusted: %s\n", v.untrusted)
	}
	if len(v.bad) > 0 {
		fmt.Fprintf(out, "unreadable fields: %s\n", strings.Join(v.bad, ", "))
	}
	for _, e := range v.events {
		fmt.Fprintf(out, "%s %s\n  chat %s", e.Kind(), e.Key, e.Chat)
		if e.Group != "" {
			fmt.Fprintf(out, " of %s", e.Group)
		}
		fmt.Fprintf(out, "\n  by %s %q %v self=%t\n", e.Sender.User, e.Sender.Name, e.Sender.Aliases, e.Sender.Self)
		if u, ok := e.Body.(chat.Unknown); ok {
			u.Raw = nil // it is the notification
			e.Body = u
		}
		b, _ := json.MarshalIndent(e.Body, "  ", "  ")
		fmt.Fprintf(out, "  %s\n", dropEmpty(b))
	}
}

// dropEmpty leaves out lines of fields that say nothing.
func dropEmpty(b []byte) string {
	var kept []string
	for line := range strings.SplitSeq(string(b), "\n") {
		value := strings.TrimRight(line[strings.LastIndex(line, ": ")+1:], ",")
		switch value {
		case " null", ` ""`, " 0", " false", " []", " {}":
			continue
		}
		kept = append(kept, line)
	}
	return strings.Join(kept, "\n")
}

// TestActsBecomeCalls: each file holds an act and the call of signal-cli that it is.
func TestActsBecomeCalls(t *testing.T) {
	golden(t, "testdata/acts/*.txtar", "act", "call", func(t *testing.T, in []byte) []byte {
		var a Act
		if err := json.Unmarshal(in, &a); err != nil {
			t.Fatal(err)
		}
		method, params := encode(a)
		b, err := json.MarshalIndent(params, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Appendf(nil, "%s %s\n", method, b)
	})
}

func golden(t *testing.T, pattern, in, out string, convert func(*testing.T, []byte) []byte) {
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatal("no golden files: ", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			got := convert(t, section(a, in))
			if *writeFiles {
				a.Files = []txtar.File{{Name: in, Data: section(a, in)}, {Name: out, Data: got}}
				if err := os.WriteFile(name, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(section(a, out)), string(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func section(a *txtar.Archive, name string) []byte {
	for _, f := range a.Files {
		if f.Name == name {
			return f.Data
		}
	}
	return nil
}
