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

func cpuOf(subject string, rooms int, latencyMS int64) Figure {
	return Figure{Mode: Burst, LatencyMS: latencyMS, Rooms: rooms, Subject: subject, What: "cpu"}
}

// bars are the promises, and what is told beside them.
func bars(rooms []int, latenciesMS []int64) (out []bar) {
	for _, ms := range latenciesMS {
		out = append(out, oneChat(ms)...)
		for _, k := range rooms {
			out = append(out, manyChats(k, ms)...)
		}
	}
	out = append(out, bar{name: surgeRatio, figure: identities(), ceiling: rowsOf(grouped), atLeast: surgeBar})
	return append(out, bar{name: "store, rows in group commits ÷ one row a commit", figure: rowsOf(grouped), ceiling: rowsOf(single), atLeast: 20})
}

func oneChat(ms int64) []bar {
	at := fmt.Sprintf(", %d ms a call", ms)
	durable := bar{name: "speed, 1 chat" + at + " ÷ durable loop", figure: speedOf(nameCauseway, 1, ms), ceiling: speedOf(nameDurable, 1, ms)}
	bare := bar{name: "speed, 1 chat" + at + " ÷ bare loop", figure: speedOf(nameCauseway, 1, ms), ceiling: speedOf(nameBare, 1, ms)}
	closed := bar{name: "post to copy, p50, one by one" + at + " ÷ durable loop", figure: p50Of(Closed, nameCauseway, ms), ceiling: p50Of(Closed, nameDurable, ms)}
	steady := bar{name: "post to copy, p50, steady rate" + at + " ÷ durable loop", figure: p50Of(Rate, nameCauseway, ms), ceiling: p50Of(Rate, nameDurable, ms)}
	cpu := bar{name: "processor time, 1 chat" + at + " ÷ bare loop", figure: cpuOf(nameCauseway, 1, ms), ceiling: cpuOf(nameBare, 1, ms)}
	if ms == 0 {
		durable.atLeast, closed.atMost = 0.5, 2.5
	} else {
		bare.atLeast = 0.95
	}
	return []bar{durable, bare, closed, steady, cpu}
}

// busy is in how many chats at once processor time is promised: it counts when it is what limits, and in one chat alone
// syncs and the network are.
const busy = 16

// manyChats compares bursts into several chats with the loop over one. Where the network takes its time, as many loops
// could run at once, each as fast as the one that was measured; where it does not, the machine is full with one.
func manyChats(k int, ms int64) []bar {
	if k < 2 {
		return nil
	}
	many := fmt.Sprintf("%d chats, %d ms a call", k, ms)
	speed := bar{name: "speed, " + many + " ÷ bare loop", figure: speedOf(nameCauseway, k, ms), ceiling: speedOf(nameBare, 1, ms)}
	cpu := bar{name: "processor time, " + many + " ÷ bare loop", figure: cpuOf(nameCauseway, k, ms), ceiling: cpuOf(nameBare, 1, ms)}
	if ms > 0 {
		speed.name, speed.times, speed.atLeast = fmt.Sprintf("speed, %s ÷ %d bare loops", many, k), float64(k), 0.8
	} else if k == busy {
		cpu.atMost = 4
	}
	return []bar{speed, cpu}
}

// judge makes the ratios of what was measured.
func (r *Report) judge() {
	var rooms []int
	var latencies []int64
	for _, f := range r.Figures {
		if f.Mode == Burst && !slices.Contains(rooms, f.Rooms) {
			rooms = append(rooms, f.Rooms)
		}
		if f.Mode != Store && !slices.Contains(latencies, f.LatencyMS) {
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

// Promised reports whether anything that was measured has a bar.
func (r *Report) Promised() bool { return slices.ContainsFunc(r.Ratios, Ratio.promised) }

// Missed says, one sentence each, which bars were missed.
func (r *Report) Missed() (out []string) {
	for _, q := range r.Ratios {
		if q.promised() && !q.Held {
			out = append(out, fmt.Sprintf("%s is %s; it must be %s", q.Name, number(q.Value), q.bar()))
		}
	}
	return out
}
