// SPDX-License-Identifier: Apache-2.0

package host

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestDoorWaitsForThoseInsideAndNoLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor()
		for range 2 {
			if !d.enter() {
				t.Fatal("an open door refuses")
			}
		}
		d.close()
		d.close()
		if d.enter() {
			t.Error("a shut door lets in")
		}
		go func() {
			time.Sleep(time.Second)
			d.leave()
		}()
		begun := time.Now()
		if d.wait(time.Minute); time.Since(begun) != time.Minute {
			t.Errorf("waited %s for the one that stays", time.Since(begun))
		}
		d.leave()
		begun = time.Now()
		if d.wait(time.Minute); time.Since(begun) != 0 {
			t.Errorf("waited %s for nobody", time.Since(begun))
		}
	})
}
