// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"io"
	"testing"
)

func TestASurgeIsMeasuredAgainstTheStore(t *testing.T) {
	opt := Options{Mode: Store, Messages: 40, Rounds: 2, Progress: io.Discard}
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
	if q := r.report.ratio(t, surgeRatio); q.Value != 0.25 {
		t.Errorf("%+v", q)
	}
}
