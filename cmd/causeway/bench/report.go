// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// Report is what a run has found. The figures tell of this machine at this hour; the ratios are what is promised.
type Report struct {
	Began   time.Time `json:"began"`
	Go      string    `json:"go"`
	CPUs    int       `json:"cpus"`
	Rounds  int       `json:"rounds"`
	Load    string    `json:"load"` // of the machine in the minute before; empty when it does not tell
	Figures []*Figure `json:"figures"`
	Ratios  []Ratio   `json:"ratios"`
}

// Figure is one thing that was measured, once a round.
type Figure struct {
	Mode      string    `json:"mode"`
	LatencyMS int64     `json:"latency_ms"`
	Rooms     int       `json:"rooms"`
	Subject   string    `json:"subject"`
	What      string    `json:"what"`
	Waiting   int       `json:"waiting,omitempty"` // deliveries, in the mode Backlog
	Unit      string    `json:"unit"`
	Values    []float64 `json:"values"`
	Median    float64   `json:"median"`
}

func newReport(opt Options) *Report {
	return &Report{Began: time.Now().UTC().Truncate(time.Second), Go: runtime.Version(), CPUs: runtime.NumCPU(), Rounds: opt.Rounds, Load: load(),
		Figures: []*Figure{}, Ratios: []Ratio{}}
}

// load is how many processes wanted to run in the last minute (proc(5), loadavg).
func load() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	first, _, _ := strings.Cut(string(b), " ")
	return first
}

// same reports whether both are the same thing, whatever the values.
func (f *Figure) same(o *Figure) bool {
	return f.Mode == o.Mode && f.LatencyMS == o.LatencyMS && f.Rooms == o.Rooms && f.Subject == o.Subject && f.What == o.What &&
		f.Waiting == o.Waiting
}

// take adds a value and tells of it.
func (r *run) take(f Figure, value float64) {
	known := r.report.find(f)
	if known == nil {
		known = &f
		r.report.Figures = append(r.report.Figures, known)
	}
	known.Values = append(known.Values, value)
	known.Median = median(known.Values)
	fmt.Fprintf(r.opt.Progress, "%-14s %-40s %8s %s\n", known.Subject, known.label(), number(value), known.Unit)
}

func (r *Report) find(want Figure) *Figure {
	for _, f := range r.Figures {
		if f.same(&want) {
			return f
		}
	}
	return nil
}

// label names a figure for people, without its subject.
func (f *Figure) label() string {
	var b strings.Builder
	b.WriteString(f.Mode)
	switch f.Mode {
	case Burst:
		fmt.Fprintf(&b, ", %s, %d ms a call", chats(f.Rooms), f.LatencyMS)
	case Closed, Rate:
		fmt.Fprintf(&b, ", %d ms a call", f.LatencyMS)
	case Backlog:
		fmt.Fprintf(&b, ", %d waiting", f.Waiting)
	}
	fmt.Fprintf(&b, ", %s", f.What)
	return b.String()
}

func chats(n int) string {
	if n == 1 {
		return "1 chat"
	}
	return strconv.Itoa(n) + " chats"
}

// number writes three digits that count.
func number(v float64) string {
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	digits := 2 - int(math.Floor(math.Log10(math.Abs(v))))
	return strconv.FormatFloat(v, 'f', max(digits, 0), 64)
}

// Write shows the report to people.
func (r *Report) Write(w io.Writer) error {
	fmt.Fprintf(w, "%s, %d processors, %s, load %s before. Medians of %d rounds, of this machine at this hour:\n\n",
		r.Go, r.CPUs, r.Began.Format(time.DateOnly), cmp.Or(r.Load, "unknown"), r.Rounds)
	if err := r.writeCompared(w); err != nil {
		return err
	}
	if err := r.writeOthers(w); err != nil || len(r.Ratios) == 0 {
		return err
	}
	fmt.Fprintf(w, "\nRatios, round by round, which hold on other machines too:\n\n")
	return r.writeRatios(w)
}

// writeRatios writes a table that is Markdown, and lines up in a terminal too.
func (r *Report) writeRatios(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	fmt.Fprint(t, "| ratio\t| bar\t| median (least to most)\t|\t|\n|---\t|---\t|---\t|---\t|\n")
	for _, q := range r.Ratios {
		fmt.Fprintf(t, "| %s\t| %s\t| %s (%s to %s)\t| %s\t|\n", q.Name, q.bar(), number(q.Value), number(q.Least), number(q.Most), q.verdict())
	}
	return t.Flush()
}

// compared are the subjects that stand side by side.
var compared = []string{nameBare, nameDurable, nameCauseway}

// writeCompared shows what was measured of several subjects, a row for each thing.
func (r *Report) writeCompared(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	done := map[string]bool{}
	for _, f := range r.Figures {
		if !slices.Contains(compared, f.Subject) || done[f.label()] {
			continue
		}
		if len(done) == 0 {
			fmt.Fprintf(t, "\t%s\t\t\n", strings.Join(compared, "\t"))
		}
		done[f.label()] = true
		fmt.Fprintf(t, "%s\t", f.label())
		for _, subject := range compared {
			fmt.Fprintf(t, "%s\t", r.cell(*f, subject))
		}
		fmt.Fprintf(t, "%s\t\n", f.Unit)
	}
	return t.Flush()
}

// cell is the same thing of another subject.
func (r *Report) cell(f Figure, subject string) string {
	f.Subject = subject
	if found := r.find(f); found != nil {
		return number(found.Median)
	}
	return ""
}

// writeOthers shows what stands for itself.
func (r *Report) writeOthers(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t)
	for _, f := range r.Figures {
		if !slices.Contains(compared, f.Subject) {
			fmt.Fprintf(t, "%s, %s\t%s %s\n", f.Subject, f.label(), number(f.Median), f.Unit)
		}
	}
	return t.Flush()
}
