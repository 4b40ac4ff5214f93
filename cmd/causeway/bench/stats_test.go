// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"testing"
	"time"
)

func TestPercentileIsTheValueThatSoManyDoNotExceed(t *testing.T) {
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(i + 1)
	}
	for name, c := range map[string]struct {
		sorted []time.Duration
		p      int
		want   time.Duration
	}{
		"half of a hundred": {hundred, 50, 50},
		"99 of a hundred":   {hundred, 99, 99},
		"all":               {hundred, 100, 100},
		"none":              {hundred, 0, 1},
		"95 of three":       {[]time.Duration{1, 2, 9}, 95, 9},
		"half of three":     {[]time.Duration{1, 2, 9}, 50, 2},
		"of one":            {[]time.Duration{7}, 50, 7},
		"of nothing":        {nil, 50, 0},
	} {
		if got := percentile(c.sorted, c.p); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 2, 9}, 3}} {
		if got := median(c.values); got != c.want {
			t.Errorf("median of %v: %v, want %v", c.values, got, c.want)
		}
	}
}

func TestSpeedCountsFromTheFirstCopyToTheLast(t *testing.T) {
	start := time.Unix(1_700_000_000, 0)
	var trips []trip
	for i := range 11 {
		trips = append(trips, trip{posted: start.Add(-time.Hour), arrived: start.Add(time.Duration(i) * 100 * time.Millisecond)})
	}
	if got := speed(trips); got != 10 {
		t.Errorf("%v a second, want 10", got)
	}
	if speed(trips[:1]) != 0 || speed(nil) != 0 || speed([]trip{{}, {}}) != 0 {
		t.Error("what took no time has a speed")
	}
}

func TestNumbersShowThreeDigits(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.01234: "0.0123", 0.5: "0.500", 2.499: "2.50", 12.34: "12.3", 4812.7: "4813", -1.234: "-1.23"} {
		if got := number(v); got != want {
			t.Errorf("%v is written %s, want %s", v, got, want)
		}
	}
}
