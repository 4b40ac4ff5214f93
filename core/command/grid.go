// SPDX-License-Identifier: Apache-2.0

package command

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/rivo/uniseg"
)

// maxTitle bounds, in columns of a terminal, what a table shows of a title.
const maxTitle = 40

// Characters that keep a text of either direction from turning its neighbours around.
const (
	firstStrongIsolate = "\u2068"
	popIsolate         = "\u2069"
)

// clean makes outside text safe for one line of a terminal: no control characters, which could move the cursor or
// recolour, and no bidirectional controls, which could turn the rest of the line around.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// title shortens outside text and isolates it, so that right-to-left names leave what stands beside them where it is.
func title(s string) string {
	s = shorten(clean(s), maxTitle)
	if isASCII(s) {
		return s
	}
	return firstStrongIsolate + s + popIsolate
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > unicode.MaxASCII }) < 0
}

// shorten cuts at a grapheme's border and says so with an ellipsis.
func shorten(s string, width int) string {
	if uniseg.StringWidth(s) <= width {
		return s
	}
	var b strings.Builder
	for g, left := uniseg.NewGraphemes(s), width-1; g.Next() && g.Width() <= left; left -= g.Width() {
		b.WriteString(g.Str())
	}
	return b.String() + "…"
}

// cell is one field of a table with its colour. Its text is safe already.
type cell struct {
	text  string
	color color
}

type color string

const (
	plain  color = ""
	bold   color = "1"
	red    color = "31"
	green  color = "32"
	yellow color = "33"
)

func (c cell) paint(on bool) string {
	if !on || c.color == plain {
		return c.text
	}
	return "\x1b[" + string(c.color) + "m" + c.text + "\x1b[0m"
}

// grid is a table of cells with aligned columns. Lines below a row say more about it.
type grid struct {
	head  []string
	rows  [][]cell
	below map[int][]string
}

func newGrid(head ...string) *grid { return &grid{head: head, below: map[int][]string{}} }

// add appends a row; a value is a cell, or outside text that prints as fmt.Sprint does.
func (g *grid) add(values ...any) {
	var row []cell
	for _, v := range values {
		c, ok := v.(cell)
		if !ok {
			c = cell{text: clean(fmt.Sprint(v))}
		}
		c.text = cmp.Or(c.text, none)
		row = append(row, c)
	}
	g.rows = append(g.rows, row)
}

// titled is a cell with a title.
func titled(s string) cell { return cell{text: title(s)} }

// note puts a line below the last row; an empty one is left out.
func (g *grid) note(line string) {
	if line != "" {
		at := len(g.rows) - 1
		g.below[at] = append(g.below[at], line)
	}
}

func (g *grid) write(w io.Writer, v View) error {
	widths := g.widths()
	var head []cell
	for _, h := range g.head {
		head = append(head, cell{h, bold})
	}
	var b strings.Builder
	writeRow(&b, head, widths, v.Color)
	for i, row := range g.rows {
		writeRow(&b, row, widths, v.Color)
		for _, line := range g.below[i] {
			b.WriteString(indented(line, v.Width))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// indented wraps a sentence between words, below two spaces.
func indented(text string, width int) string {
	var b strings.Builder
	at := 0
	for _, word := range strings.Fields(text) {
		w := uniseg.StringWidth(word)
		switch {
		case at == 0:
			b.WriteString("  ")
			at = 2
		case width > 0 && at+1+w > width:
			b.WriteString("\n  ")
			at = 2
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += w
	}
	return b.String() + "\n"
}

func (g *grid) widths() []int {
	widths := make([]int, len(g.head))
	for i, h := range g.head {
		widths[i] = uniseg.StringWidth(h)
	}
	for _, row := range g.rows {
		for i, c := range row {
			widths[i] = max(widths[i], uniseg.StringWidth(c.text))
		}
	}
	return widths
}

func writeRow(b *strings.Builder, row []cell, widths []int, colored bool) {
	for i, c := range row {
		b.WriteString(c.paint(colored))
		if i < len(row)-1 {
			b.WriteString(strings.Repeat(" ", widths[i]-uniseg.StringWidth(c.text)+2))
		}
	}
	b.WriteByte('\n')
}

// ago is how long before now t was, in words.
func ago(now, t time.Time) string {
	switch d := now.Sub(t); {
	case t.IsZero():
		return "-"
	case d < time.Second:
		return "now"
	default:
		return span(d) + " ago"
	}
}

// span writes a duration in its largest unit that fits.
func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return fmt.Sprintf("%d days", d/(24*time.Hour))
}

// size writes bytes in decimal units.
func size(n int64) string {
	const step = 1000
	if n < step {
		return fmt.Sprintf("%d B", n)
	}
	f, unit := float64(n), 0
	for f >= step && unit < 4 {
		f, unit = f/step, unit+1
	}
	return fmt.Sprintf("%.1f %cB", f, "kMGT"[unit-1])
}
