// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// readNetworks reads the capabilities that the bridges commit, in the order of the networks' ages here.
func readNetworks(root string) ([]chat.Capabilities, error) {
	files, err := filepath.Glob(filepath.Join(root, "bridges", "*", "capabilities.json"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no bridge below %s/bridges has capabilities.json (%v)", root, err)
	}
	var out []chat.Capabilities
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var c chat.Capabilities
		if err := json.Unmarshal(b, &c); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		out = append(out, c)
	}
	order := []chat.Network{"telegram", "whatsapp", "signal"}
	slices.SortStableFunc(out, func(a, b chat.Capabilities) int {
		return cmp.Compare(slices.Index(order, a.Network), slices.Index(order, b.Network))
	})
	return out, nil
}

const head = `<!-- SPDX-License-Identifier: Apache-2.0 -->
<!-- Made by go run ./bridges/gen from the bridges' capabilities.json; do not edit. -->
# What each network can show

The router enforces every limit of this page before it calls a bridge. **full** and **partial** are the network's own form;
**fallback** is shown as something else, mostly text; **dropped** is left out with a word about it; **rejected** means that the
whole message cannot be shown.

`

// row is one line of a table: what it is about, and what a network has of it.
type row struct {
	name string
	of   func(chat.Capabilities) string
}

// Page is the whole page.
func Page(networks []chat.Capabilities) []byte {
	var b bytes.Buffer
	b.WriteString(head)
	table(&b, "Messages", networks, messageRows())
	table(&b, "Formatting", networks, spanRows())
	table(&b, "Files", networks, mediaRows())
	b.WriteString("A file that a network does not take in its kind goes as a plain file; one over a limit becomes a line with its name and size.\n\n")
	table(&b, "Sending", networks, sendingRows())
	lacks(&b, networks)
	return append(bytes.TrimSpace(b.Bytes()), '\n')
}

func table(b *bytes.Buffer, title string, networks []chat.Capabilities, rows []row) {
	fmt.Fprintf(b, "## %s\n\n| |", title)
	for _, c := range networks {
		fmt.Fprintf(b, " %s |", c.Network)
	}
	b.WriteString("\n|---" + strings.Repeat("|---", len(networks)) + "|\n")
	for _, r := range rows {
		fmt.Fprintf(b, "| %s |", r.name)
		for _, c := range networks {
			fmt.Fprintf(b, " %s |", cmp.Or(r.of(c), "–"))
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
}

func messageRows() []row {
	return []row{
		{"text", func(c chat.Capabilities) string { return limit(c.Text) }},
		{"caption of a file", func(c chat.Capabilities) string { return limit(c.Caption) }},
		{"preview of a link", func(c chat.Capabilities) string { return preview(c.Previews) }},
		{"reply", func(c chat.Capabilities) string { return replies(c.Reply) }},
		{"edit", func(c chat.Capabilities) string { return edits(c.Edit) }},
		{"delete", func(c chat.Capabilities) string { return edits(c.Delete) }},
		{"reactions of our account on a message", func(c chat.Capabilities) string { return reactions(c.React) }},
		{"album", func(c chat.Capabilities) string { return album(c.Album) }},
		{"place", func(c chat.Capabilities) string { return string(c.Place.Level) }},
		{"place with a name", func(c chat.Capabilities) string { return string(c.Place.Venue) }},
		{"place that moves", func(c chat.Capabilities) string { return string(c.Place.Live) }},
		{"contact", func(c chat.Capabilities) string { return string(c.Contact.Level) }},
		{"poll", func(c chat.Capabilities) string { return polls(c.Poll) }},
	}
}

func spanRows() (rows []row) {
	for _, k := range chat.SpanKinds() {
		rows = append(rows, row{strings.ReplaceAll(string(k), "_", " "), func(c chat.Capabilities) string { return string(c.Span(k)) }})
	}
	return rows
}

func mediaRows() (rows []row) {
	for _, k := range chat.MediaKinds() {
		rows = append(rows, row{strings.ReplaceAll(string(k), "_", " "), func(c chat.Capabilities) string { return media(c.Media[k]) }})
	}
	return rows
}

func sendingRows() []row {
	return []row{
		{"pace in a chat", func(c chat.Capabilities) string { return rates(c.Pace.PerChat) }},
		{"pace of an account", func(c chat.Capabilities) string { return rates(c.Pace.PerAccount) }},
		{"a repeat after a lost answer", func(c chat.Capabilities) string { return repeats[c.Repeat] }},
	}
}

var repeats = map[chat.Repeat]string{
	chat.RepeatDoubles: "may show twice", chat.RepeatDropped: "is dropped by the network", chat.RepeatLookup: "is looked up first",
}

func limit(l chat.TextLimit) string {
	if l.Max == 0 {
		return ""
	}
	s := fmt.Sprintf("%d %s", l.Max, map[chat.Unit]string{chat.CodePoints: "characters", chat.UTF16: "UTF-16 units", chat.Bytes: "bytes"}[l.Unit])
	if l.MaxBytes > 0 {
		s += fmt.Sprintf(", %d bytes", l.MaxBytes)
	}
	return s
}

// preview tells who makes the preview of a link.
func preview(l chat.Level) string {
	if l.Native() {
		return "that of the writer's network, without its picture"
	}
	return "the network's own"
}

func replies(r chat.ReplySupport) string {
	s := string(r.Level)
	if r.Quote {
		s += ", with a quote"
	}
	return s
}

func edits(e chat.EditSupport) string {
	s := string(e.Level)
	if e.Window > 0 {
		s += ", within " + span(e.Window)
	}
	if e.Times > 0 {
		s += fmt.Sprintf(", %d times", e.Times)
	}
	return s
}

func reactions(r chat.ReactSupport) string {
	s := string(r.Level)
	if r.Max > 0 {
		s += fmt.Sprintf(", %d", r.Max)
	}
	if len(r.Allowed) > 0 {
		s += fmt.Sprintf(", of %d emoji", len(r.Allowed))
	}
	return s
}

func album(a chat.AlbumSupport) string {
	if a.Max == 0 {
		return ""
	}
	var sets []string
	for _, set := range a.Sets {
		var kinds []string
		for _, k := range set {
			kinds = append(kinds, strings.ReplaceAll(string(k), "_", " "))
		}
		sets = append(sets, strings.Join(kinds, " and "))
	}
	return fmt.Sprintf("up to %d of %s", a.Max, strings.Join(sets, ", or of "))
}

func polls(p chat.PollSupport) string {
	if !p.Level.Native() {
		return string(p.Level)
	}
	return fmt.Sprintf("%s, up to %d options", p.Level, p.Options)
}

func media(l chat.MediaLimit) string {
	var parts []string
	add := func(s string, when bool) {
		if when {
			parts = append(parts, s)
		}
	}
	add(string(l.Level), l.Level != "")
	add(size(l.MaxBytes), l.MaxBytes > 0)
	add(strings.Join(types(l), ", "), len(l.MIME) > 0)
	add("no caption", l.Level.Native() && !l.Caption)
	return strings.Join(parts, "; ")
}

// types lists the types that a kind takes, with the limits of their own.
func types(l chat.MediaLimit) (all []string) {
	for _, t := range l.MIME {
		own := l.Types[t]
		if own.MaxBytes > 0 {
			t += " up to " + size(own.MaxBytes)
		}
		if own.MaxDuration > 0 {
			t += " and " + span(own.MaxDuration)
		}
		all = append(all, t)
	}
	return all
}

func size(n int64) string {
	for _, unit := range []struct {
		name  string
		bytes int64
	}{{"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}} {
		if n >= unit.bytes {
			return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(n)/float64(unit.bytes)), ".0") + " " + unit.name
		}
	}
	return fmt.Sprintf("%d bytes", n)
}

func rates(list []chat.Rate) string {
	var all []string
	for _, r := range list {
		all = append(all, fmt.Sprintf("%d in %s", r.N, span(r.Per)))
	}
	return strings.Join(all, ", ")
}

// span writes a duration without units that are zero.
func span(d chat.Duration) string {
	s := time.Duration(d).String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(s, zero) {
			s = s[:len(s)-2]
		}
	}
	return s
}

func lacks(b *bytes.Buffer, networks []chat.Capabilities) {
	b.WriteString("## What a network cannot do\n\n| network | what | the way out |\n|---|---|---|\n")
	for _, c := range networks {
		for _, l := range c.Lacks {
			fmt.Fprintf(b, "| %s | %s | %s |\n", c.Network, l.What, l.WayOut)
		}
	}
}
