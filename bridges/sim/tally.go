// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"slices"
	"strings"
)

// Tally is what an outside checker finds when it compares what was posted in one chat with what people see in another.
// It never asks the router. Repeated counts posts: one that carries several messages and comes again is one repeat.
type Tally struct {
	Posted, Arrived, Lost, Repeated, Disordered int
	// Missing holds the first few texts that are lost.
	Missing []string
}

// Add sums two tallies.
func (t Tally) Add(o Tally) Tally {
	return Tally{
		Posted: t.Posted + o.Posted, Arrived: t.Arrived + o.Arrived, Lost: t.Lost + o.Lost,
		Repeated: t.Repeated + o.Repeated, Disordered: t.Disordered + o.Disordered,
		Missing: append(append([]string(nil), t.Missing...), o.Missing...),
	}
}

// Compare looks for each posted text among what our accounts wrote into a view. Texts must be distinct lines: a copy is
// recognised by a line of its own, beside which may stand the sender's name, a quote, and other people's texts. A text is
// out of order when its first copy stands before the first copy of one that was posted earlier.
func Compare(posted []string, view View) Tally {
	first := firstCopies(view)
	t := Tally{Posted: len(posted), Repeated: postsAgain(posted, view)}
	last := -1
	for _, text := range posted {
		at, ok := first[text]
		if !ok {
			t.Lost++
			if len(t.Missing) < 5 {
				t.Missing = append(t.Missing, text)
			}
			continue
		}
		t.Arrived++
		if at < last {
			t.Disordered++
		}
		last = max(last, at)
	}
	return t
}

// Apart shows the posts of our accounts that carry several messages as posts of one each: below its writer's name, without
// the time that a late one has. Texts must be single lines.
func Apart(view View) View {
	var apart []Seen
	for _, m := range view.Messages {
		if m.Account == "" || !strings.Contains(m.Text, "\n") {
			apart = append(apart, m)
			continue
		}
		for _, group := range strings.Split(m.Text, "\n\n") {
			apart = append(apart, single(m, strings.Split(group, "\n"))...)
		}
	}
	view.Messages = apart
	return view
}

// single makes a message of each line below a name.
func single(m Seen, lines []string) (out []Seen) {
	name := withoutTime(lines[0])
	for _, line := range lines[1:] {
		if m.Text = name + "\n" + line; withoutTime(line) != "" {
			out = append(out, m)
		}
	}
	return out
}

// withoutTime takes the time off a line: "Ana (14:05 UTC)".
func withoutTime(line string) string {
	if at := strings.LastIndexByte(line, '('); at >= 0 && strings.HasSuffix(line, " UTC)") {
		return strings.TrimSpace(line[:at])
	}
	return line
}

// firstCopies maps each line that our accounts wrote to its first place in the view.
func firstCopies(view View) map[string]int {
	first, at := map[string]int{}, 0
	for _, m := range view.Visible() {
		if m.Account == "" {
			continue
		}
		for line := range strings.SplitSeq(m.Text, "\n") {
			if _, known := first[line]; !known {
				first[line] = at
			}
			at++
		}
	}
	return first
}

// postsAgain counts the posts of our accounts that say again what stood in one before.
func postsAgain(posted []string, view View) (again int) {
	said := make(map[string]bool, len(posted)) // whether it was
	for _, text := range posted {
		said[text] = false
	}
	for _, m := range view.Visible() {
		if m.Account == "" {
			continue
		}
		lines := slices.DeleteFunc(strings.Split(m.Text, "\n"), func(line string) bool { _, is := said[line]; return !is })
		if slices.ContainsFunc(lines, func(line string) bool { return said[line] }) {
			again++
		}
		for _, line := range lines {
			said[line] = true
		}
	}
	return again
}
