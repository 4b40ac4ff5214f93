// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"testing"
	"time"
)

// strikes tells which of n matches a fault strikes.
func strikes(a Armed, n int) (at []int) {
	for i := 1; i <= n; i++ {
		if a.Turn() {
			a.Strike()
			at = append(at, i)
		}
	}
	return at
}

func TestTurns(t *testing.T) {
	if at := strikes(Arm(Fault{}, 1), 3); len(at) != 3 {
		t.Errorf("without a rule: %v", at)
	}
	if at := strikes(Arm(Fault{Every: 3, Count: 2}, 1), 20); len(at) != 2 || at[0] != 3 || at[1] != 6 {
		t.Errorf("each third, twice: %v", at)
	}
	chance := Fault{Probability: 0.3, Seed: 7}
	at := strikes(Arm(chance, 1), 1000)
	if len(at) < 200 || len(at) > 400 {
		t.Errorf("%d of 1000 at a chance of 0.3", len(at))
	}
	again := strikes(Arm(chance, 1), 1000)
	if len(again) != len(at) || again[len(again)-1] != at[len(at)-1] {
		t.Error("equal seeds gave other chances")
	}
	if other := strikes(Arm(chance, 2), 1000); len(other) == len(at) && other[len(other)-1] == at[len(at)-1] {
		t.Error("two faults share their chances")
	}
}

func TestHowLongAFaultTakes(t *testing.T) {
	a := Arm(Fault{DelayMS: 20, DurationMS: 1000}, 3)
	if a.ID != "f3" || a.Delay(time.Second) != 20*time.Millisecond || time.Until(a.Until) > time.Second || a.Until.IsZero() {
		t.Errorf("%+v", a)
	}
	if b := Arm(Fault{}, 4); b.Delay(time.Second) != time.Second || !b.Until.IsZero() {
		t.Errorf("%+v", b)
	}
}
