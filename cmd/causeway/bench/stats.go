// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"slices"
	"time"
)

// delays lists how long each trip took, the shortest first.
func delays(trips []trip) []time.Duration {
	out := make([]time.Duration, len(trips))
	for i, t := range trips {
		out[i] = t.delay()
	}
	slices.Sort(out)
	return out
}

// percentile returns the smallest value that p percent of the sorted values do not exceed; 0 when there are none.
func percentile(sorted []time.Duration, p int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := (len(sorted)*p + 99) / 100
	return sorted[max(rank, 1)-1]
}

// median returns the middle value, or the mean of the two in the middle; 0 when there are none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	mid := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[mid]
	}
	return (sorted[mid-1] + sorted[mid]) / 2
}

// speed is how many copies a second arrived, from the first to the last. The trips are in order of arrival.
func speed(trips []trip) float64 {
	if len(trips) < 2 {
		return 0
	}
	took := trips[len(trips)-1].arrived.Sub(trips[0].arrived)
	if took <= 0 {
		return 0
	}
	return float64(len(trips)-1) / took.Seconds()
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func megabytes(n int64) float64 { return float64(n) / 1e6 }
