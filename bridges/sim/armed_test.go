// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// strikes tells which of n matches a fault strikes.
func strikes(in Fault, number, n int) (at []int) {
	a := Armed{Fault: in}
	a.arm(number)
	for i := 1; i <= n; i++ {
		if a.turn() {
			a.strikes++
			at = append(at, i)
		}
	}
	return at
}

func TestTurns(t *testing.T) {
	if at := strikes(Fault{}, 1, 3); len(at) != 3 {
		t.Errorf("without a rule: %v", at)
	}
	if at := strikes(Fault{Every: 3, Count: 2}, 1, 20); len(at) != 2 || at[0] != 3 || at[1] != 6 {
		t.Errorf("each third, twice: %v", at)
	}
	chance := Fault{Probability: 0.3, Seed: 7}
	at := strikes(chance, 1, 1000)
	if len(at) < 200 || len(at) > 400 {
		t.Errorf("%d of 1000 at a chance of 0.3", len(at))
	}
	again := strikes(chance, 1, 1000)
	if len(again) != len(at) || again[len(again)-1] != at[len(at)-1] {
		t.Error("equal seeds gave other chances")
	}
	if other := strikes(chance, 2, 1000); len(other) == len(at) && other[len(other)-1] == at[len(at)-1] {
		t.Error("two faults share their chances")
	}
}

func TestHowLongAFaultTakes(t *testing.T) {
	if a := (Armed{Fault: Fault{DelayMS: 20}}); a.Delay(time.Second) != 20*time.Millisecond {
		t.Errorf("takes %v", a.Delay(time.Second))
	}
	if a := (Armed{}); a.Delay(time.Second) != time.Second {
		t.Errorf("takes %v without a delay", a.Delay(time.Second))
	}
}

func TestWhatHangsIsLetGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		closed := make(chan struct{})
		close(closed)
		for name, c := range map[string]struct {
			hang func(a *Armed)
			want time.Duration
		}{
			"after its delay":           {func(a *Armed) { a.Hang(time.Minute, nil, nil) }, time.Minute},
			"when the fault ends":       {func(a *Armed) { time.AfterFunc(time.Second, a.end); a.Hang(time.Minute, nil, nil) }, time.Second},
			"when the client goes":      {func(a *Armed) { a.Hang(time.Minute, closed, nil) }, 0},
			"when the simulator closes": {func(a *Armed) { a.Hang(time.Minute, nil, closed) }, 0},
		} {
			a := &Armed{}
			a.arm(1)
			start := time.Now()
			if c.hang(a); time.Since(start) != c.want {
				t.Errorf("%s: it hung for %v", name, time.Since(start))
			}
		}
	})
}

func TestAChatKeepsThePaceOfAFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &Armed{Fault: Fault{DelayMS: 3000}}
		time.Sleep(time.Second)
		if a.wait("a") != 0 || a.wait("b") != 0 || a.wait("a") != 3*time.Second {
			t.Error("two chats do not go on, each at its own pace")
		}
		time.Sleep(2 * time.Second)
		if left := a.wait("a"); left != time.Second {
			t.Errorf("%v to wait after two seconds of three", left)
		}
		time.Sleep(time.Second)
		if a.wait("a") != 0 {
			t.Error("it has waited, and must wait")
		}
	})
}

func TestAPaceForgetsTheChatsThatMayGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &Armed{Fault: Fault{DelayMS: 1000}}
		for n := range 3 * keptPaces {
			a.wait(ChatID(fmt.Sprint(n)))
			time.Sleep(time.Second)
		}
		if len(a.paced) > keptPaces {
			t.Errorf("it knows %d chats", len(a.paced))
		}
	})
}
