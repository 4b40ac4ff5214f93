// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"io"
	"testing"

	"github.com/causeway-chat/causeway/core/chat"
)

func TestASurgeIsMeasuredAgainstTheStore(t *testing.T) {
	opt := Options{Mode: Bars, Messages: 40, Rounds: 2, Progress: io.Discard}
	r := &run{opt: opt, dir: t.TempDir(), report: newReport(opt)}
	if err := r.storeWriter(t.Context()); err != nil {
		t.Fatal(err)
	}
	f := r.report.find(identities())
	if f == nil || len(f.Values) != 2 || f.Median <= 0 {
		t.Fatalf("%+v", f)
	}
	r.report.find(rowsOf(grouped)).Values = []float64{f.Values[0] * 4, f.Values[1] * 4}
	r.report.judge()
	if q := r.report.ratio(t, surgeRatio); q.Value != 0.25 || !q.Held || q.AtLeast != surgeBar {
		t.Errorf("%+v", q)
	}
}

func TestNewcomersComeInNoOrderAndOnceEach(t *testing.T) {
	seen, rising, last := map[chat.RemoteUser]bool{}, 0, chat.RemoteUser("")
	for round := range 4 {
		for n := range 5000 {
			u := newcomer(round, n)
			if seen[u] {
				t.Fatalf("%s comes twice", u)
			}
			if seen[u] = true; u > last {
				rising++
			}
			last = u
		}
	}
	if rising < 5000 || rising > 15000 {
		t.Errorf("%d of 20,000 come after the one before them", rising)
	}
}
