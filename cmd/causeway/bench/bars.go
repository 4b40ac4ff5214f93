// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"fmt"
	"slices"
)

// Ratio compares two figures, round by round.
type Ratio struct {
	Name   string    `json:"name"`
	Values []float64 `json:"values"`
	Value  float64   `json:"value"` // their median
	Least  float64   `json:"least"`
	Most   float64   `json:"most"`
	// AtLeast and AtMost are the bars; a ratio without any is told for information.
	AtLeast float64 `json:"at_least,omitempty"`
	AtMost  float64 `json:"at_most,omitempty"`
	Held    bool    `json:"held"`
}

// bar is a comparison to make, if both figures were taken.
type bar struct {
	name            string
	figure, ceiling Figure
	times           float64 // how many ceilings
	atLeast, atMost float64
}

func speedOf(subject string, rooms int, latencyMS int64) Figure {
	return Figure{Mode: Burst, LatencyMS: latencyMS, Rooms: rooms, Subject: subject, What: "speed"}
}

func p50Of(mode, subject string, latencyMS int64) Figure {
	return Figure{Mode: mode, LatencyMS: latencyMS, Rooms: 1, Subject: subject, What: "p50"}
}

func cpuOf(subject string, latencyMS int64) Figure {
	return Figure{Mode: Burst, LatencyMS: latencyMS, Rooms: 1, Subject: subject, What: "cpu"}
}

// bars are the promises, and what is told beside them.
func bars(rooms []int, latenciesMS []int64) []bar {
	var out []bar
	for _, ms := range latenciesMS {
		at := fmt.Sprintf("at %d ms a call", ms)
		durable := bar{name: "burst to one chat " + at + " ÷ durable loop", figure: speedOf(nameCauseway, 1, ms), ceiling: speedOf(nameDurable, 1, ms)}
		bare := bar{name: "burst to one chat " + at + " ÷ bare loop", figure: speedOf(nameCauseway, 1, ms), ceiling: speedOf(nameBare, 1, ms)}
		closed := bar{name: "post to copy, p50 " + at + " ÷ durable loop", figure: p50Of(Closed, nameCauseway, ms), ceiling: p50Of(Closed, nameDurable, ms)}
		steady := bar{name: "post to copy at a steady rate, p50 " + at + " ÷ durable loop", figure: p50Of(Rate, nameCauseway, ms), ceiling: p50Of(Rate, nameDurable, ms)}
		used := bar{name: "processor time per message " + at + " ÷ bare loop", figure: cpuOf(nameCauseway, ms), ceiling: cpuOf(nameBare, ms)}
		switch ms {
		case 0:
			durable.atLeast, closed.atMost, used.atMost = 0.5, 2.5, 4
		default:
			bare.atLeast = 0.95
		}
		out = append(out, durable, bare)
		out = append(out, manyChats(rooms, ms, at)...)
		out = append(out, closed, steady, used)
	}
	return append(out, bar{name: "store: rows a second in group commits ÷ one row a commit", figure: rowsOf(grouped), ceiling: rowsOf(single), atLeast: 20})
}

// manyChats compares bursts into several chats with as many bare loops, each as fast as the one that was measured.
func manyChats(rooms []int, ms int64, at string) (out []bar) {
	for _, k := range rooms {
		if k < 2 {
			continue
		}
		b := bar{name: fmt.Sprintf("burst to %d chats %s ÷ %d bare loops", k, at, k), figure: speedOf(nameCauseway, k, ms), ceiling: speedOf(nameBare, 1, ms), times: float64(k)}
		if ms > 0 {
			b.atLeast = 0.8
		}
		out = append(out, b)
	}
	return out
}

// judge makes the ratios of what was measured.
func (r *Report) judge() {
	var rooms []int
	var latencies []int64
	for _, f := range r.Figures {
		if f.Mode == Burst && !slices.Contains(rooms, f.Rooms) {
			rooms = append(rooms, f.Rooms)
		}
		if f.What != "rows" && !slices.Contains(latencies, f.LatencyMS) {
			latencies = append(latencies, f.LatencyMS)
		}
	}
	for _, b := range bars(rooms, latencies) {
		figure, ceiling := r.find(b.figure), r.find(b.ceiling)
		if figure != nil && ceiling != nil {
			r.Ratios = append(r.Ratios, b.compare(figure.Values, ceiling.Values))
		}
	}
	r.judgeMemory()
}

// compare divides round by round: what was measured close together is compared.
func (b bar) compare(figures, ceilings []float64) Ratio {
	times := max(b.times, 1)
	q := Ratio{Name: b.name, AtLeast: b.atLeast, AtMost: b.atMost}
	for i := range min(len(figures), len(ceilings)) {
		if ceilings[i] > 0 {
			q.Values = append(q.Values, figures[i]/(ceilings[i]*times))
		}
	}
	return q.settled()
}

// settled fills in what follows from the values.
func (q Ratio) settled() Ratio {
	if len(q.Values) == 0 {
		return q
	}
	q.Value, q.Least, q.Most = median(q.Values), slices.Min(q.Values), slices.Max(q.Values)
	q.Held = (q.AtLeast == 0 || q.Value >= q.AtLeast) && (q.AtMost == 0 || q.Value <= q.AtMost)
	return q
}

func (q Ratio) promised() bool { return q.AtLeast > 0 || q.AtMost > 0 }

// bar names the bar.
func (q Ratio) bar() string {
	switch {
	case q.AtLeast > 0:
		return "at least " + number(q.AtLeast)
	case q.AtMost > 0:
		return "at most " + number(q.AtMost)
	}
	return ""
}

func (q Ratio) verdict() string {
	switch {
	case !q.promised():
		return ""
	case q.Held:
		return "held"
	}
	return "MISSED"
}

// Missed says, one sentence each, which bars were missed.
func (r *Report) Missed() (out []string) {
	for _, q := range r.Ratios {
		if q.promised() && !q.Held {
			out = append(out, fmt.Sprintf("%s is %s; it must be %s", q.Name, number(q.Value), q.bar()))
		}
	}
	return out
}
