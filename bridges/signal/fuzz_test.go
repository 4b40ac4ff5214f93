// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/tools/txtar"

	"github.com/causeway-chat/causeway/core/chat"
)

// FuzzNotifications: whatever signal-cli writes, nothing panics, each event has a key, spans lie in their text, and what is
// neither said nor passed over goes up as unknown.
func FuzzNotifications(f *testing.F) {
	files, _ := filepath.Glob("testdata/events/*.txtar")
	for _, name := range files {
		a, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(section(a, "notification"))
	}
	f.Add([]byte(`{"envelope":{"sourceUuid":1,"dataMessage":{"mentions":[{"start":-1}],"message":null}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		v := newConverter().read(Envelope{Raw: raw})
		if v.panicked != "" {
			t.Fatalf("panic with %s", v.panicked)
		}
		if len(v.events) == 0 && v.ignored == "" {
			t.Error("it vanished")
		}
		for _, e := range v.events {
			if e.Key == "" {
				t.Errorf("%+v has no key", e)
			}
			if m, ok := e.Body.(chat.MessageNew); ok {
				checkText(t, m.Content.Text)
			}
		}
		peopleIn(Envelope{Raw: raw})
		essence(Envelope{Raw: raw})
	})
}

func checkText(t *testing.T, text chat.Text) {
	t.Helper()
	n := utf8.RuneCountInString(text.Body)
	if !utf8.ValidString(text.Body) {
		t.Errorf("%q is no text", text.Body)
	}
	for _, s := range text.Spans {
		if s.Start < 0 || s.End <= s.Start || s.End > n {
			t.Errorf("%+v lies outside %q", s, text.Body)
		}
	}
}

// FuzzSpans: what is written for signal-cli and read back says the same.
func FuzzSpans(f *testing.F) {
	f.Add("😀 bold and @Ben", 2, 6, 11, 15)
	f.Add("", 0, 0, 0, 0)
	f.Add("a\u0300\U0001F468\u200D\U0001F469", 0, 1, 1, 5)
	f.Fuzz(func(t *testing.T, body string, start, end, from, to int) {
		in := chat.Text{Body: strings.ToValidUTF8(body, "x"), Spans: []chat.Span{
			{Start: start, End: end, Kind: chat.Bold}, {Start: from, End: to, Kind: chat.Mention, User: ben},
		}}
		out, styles, mentions := encodeSpans(in)
		units := chat.UTF16.Count(out)
		raw, _ := json.Marshal(map[string]any{"textStyles": parsed(styles), "mentions": parsed(mentions)})
		f, _ := readFields(raw, nil)
		back := readText(f, out, func(ServiceID) string { return "Ben" })
		checkText(t, back)
		for _, s := range append(styles, mentions...) {
			var a, n int
			if _, err := scanRange(s, &a, &n); err != nil || a < 0 || n <= 0 || a+n > units {
				t.Errorf("%q lies outside %d units", s, units)
			}
		}
		if len(mentions) == 0 && back.Body != in.Body {
			t.Errorf("%q came back as %q", in.Body, back.Body)
		}
	})
}

// parsed reads ranges as the daemon would tell them.
func parsed(list []string) (out []map[string]any) {
	for _, s := range list {
		var start, length int
		value, err := scanRange(s, &start, &length)
		if err == nil {
			out = append(out, map[string]any{"start": start, "length": length, "style": value, "uuid": value})
		}
	}
	return out
}

// scanRange reads "start:length:value".
func scanRange(s string, start, length *int) (value string, err error) {
	_, err = fmt.Sscanf(s, "%d:%d:", start, length)
	if parts := strings.SplitN(s, ":", 3); len(parts) == 3 {
		value = parts[2]
	}
	return value, err
}

// FuzzLines: lines of any length are read, whatever their pieces.
func FuzzLines(f *testing.F) {
	f.Add([]byte("{}\n{\"a\":1}\r\n\nrest"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		in := newLineReader(bytes.NewReader(raw))
		n := 0
		for {
			l, err := in.next()
			if err != nil {
				break
			}
			n++
			if bytes.IndexByte(l.text, '\n') >= 0 || len(l.text) > maxLine {
				t.Errorf("%d bytes, with a line's end", len(l.text))
			}
		}
		if n != bytes.Count(raw, []byte("\n")) {
			t.Errorf("%d lines of %d", n, bytes.Count(raw, []byte("\n")))
		}
	})
}
