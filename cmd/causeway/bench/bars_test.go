// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"slices"
	"strings"
	"testing"
)

// reportOf makes a report of figures, each with its values, and judges it.
func reportOf(figures map[*Figure][]float64) *Report {
	r := newReport(Options{Rounds: 3})
	for f, values := range figures {
		f.Values, f.Median = values, median(values)
		r.Figures = append(r.Figures, f)
	}
	r.judge()
	return r
}

func figure(f Figure) *Figure { return &f }

func (r *Report) ratio(t *testing.T, name string) Ratio {
	t.Helper()
	for _, q := range r.Ratios {
		if q.Name == name {
			return q
		}
	}
	t.Fatalf("there is no ratio %q", name)
	return Ratio{}
}

func TestRatiosAreMadeRoundByRound(t *testing.T) {
	r := reportOf(map[*Figure][]float64{
		figure(speedOf(nameCauseway, 1, 0)): {60, 300, 40}, // the machine was five times as fast for one round
		figure(speedOf(nameDurable, 1, 0)):  {100, 500, 100},
	})
	q := r.ratio(t, "speed, 1 chat, 0 ms a call ÷ durable loop")
	if q.Value != 0.6 || q.Least != 0.4 || q.Most != 0.6 || !q.Held || q.AtLeast != 0.5 {
		t.Errorf("%+v", q)
	}
}

func TestManyChatsAreHeldAgainstAsManyLoops(t *testing.T) {
	r := reportOf(map[*Figure][]float64{
		figure(speedOf(nameBare, 1, 30)):      {30, 30},
		figure(speedOf(nameCauseway, 4, 30)):  {108, 108},
		figure(speedOf(nameCauseway, 16, 30)): {240, 240},
	})
	four, sixteen := r.ratio(t, "speed, 4 chats, 30 ms a call ÷ 4 bare loops"), r.ratio(t, "speed, 16 chats, 30 ms a call ÷ 16 bare loops")
	if four.Value != 0.9 || !four.Held || sixteen.Value != 0.5 || sixteen.Held {
		t.Errorf("%+v\n%+v", four, sixteen)
	}
	want := []string{"speed, 16 chats, 30 ms a call ÷ 16 bare loops is 0.500; it must be at least 0.800"}
	if got := r.Missed(); !slices.Equal(got, want) {
		t.Errorf("missed: %q", got)
	}
}

func TestEveryBarCanBeHeldAndMissed(t *testing.T) {
	for name, c := range map[string]struct {
		figure, ceiling Figure
		good, bad       float64 // of a ceiling of 100
	}{
		"speed, 1 chat, 0 ms a call ÷ durable loop":                 {speedOf(nameCauseway, 1, 0), speedOf(nameDurable, 1, 0), 50, 49},
		"speed, 1 chat, 30 ms a call ÷ bare loop":                   {speedOf(nameCauseway, 1, 30), speedOf(nameBare, 1, 30), 95, 94},
		"post to copy, p50, one by one, 0 ms a call ÷ durable loop": {p50Of(Closed, nameCauseway, 0), p50Of(Closed, nameDurable, 0), 250, 251},
		"processor time, 16 chats, 0 ms a call ÷ bare loop":         {cpuOf(nameCauseway, 16, 0), cpuOf(nameBare, 1, 0), 400, 401},
		"store, rows in group commits ÷ one row a commit":           {rowsOf(grouped), rowsOf(single), 2000, 1999},
	} {
		for value, held := range map[float64]bool{c.good: true, c.bad: false} {
			r := reportOf(map[*Figure][]float64{figure(c.figure): {value}, figure(c.ceiling): {100}})
			if q := r.ratio(t, name); !q.promised() || q.Held != held || (len(r.Missed()) == 0) != held {
				t.Errorf("%s at %v: %+v, missed %q", name, value, q, r.Missed())
			}
		}
	}
}

func TestWhatWasNotMeasuredIsNotJudged(t *testing.T) {
	r := reportOf(map[*Figure][]float64{figure(speedOf(nameCauseway, 1, 0)): {1}, figure(speedOf(nameBare, 1, 30)): {1}})
	if len(r.Ratios) > 0 || len(r.Missed()) > 0 {
		t.Errorf("%+v", r.Ratios)
	}
}

func TestMemoryIsHeldAgainstItsGrowth(t *testing.T) {
	for name, c := range map[string]struct {
		last float64
		held bool
	}{"caches fill": {105, true}, "deliveries are held": {160, false}} {
		r := newReport(Options{Rounds: 1})
		for i, mb := range []float64{40, 95, 70, c.last} { // a heap that is collected shrinks again
			r.Figures = append(r.Figures, &Figure{Mode: Backlog, Subject: "router", What: "memory", Waiting: (i + 1) * 50_000, Values: []float64{mb}, Median: mb})
		}
		r.judge()
		if q := r.ratio(t, "MB that the router grows by with 100,000 deliveries more"); q.Value != c.last-95 || q.Held != c.held {
			t.Errorf("%s: %+v", name, q)
		}
	}
}

func TestTheReportShowsWhatIsComparedSideBySide(t *testing.T) {
	r := reportOf(map[*Figure][]float64{
		figure(speedOf(nameCauseway, 1, 0)):                                         {60, 70, 80},
		figure(speedOf(nameDurable, 1, 0)):                                          {100, 100, 100},
		figure(Figure{Mode: "idle", Subject: "router", What: "memory", Unit: "MB"}): {23.4},
	})
	var b strings.Builder
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	written := strings.Join(strings.Fields(b.String()), " ")
	for _, want := range []string{"burst, 1 chat, 0 ms a call, speed 100 70.0", "router, idle, memory 23.4 MB", "| at least 0.500 | 0.700 (0.600 to 0.800) | held |"} {
		if !strings.Contains(written, want) {
			t.Errorf("%q is missing in:\n%s", want, b.String())
		}
	}
}
