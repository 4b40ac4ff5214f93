// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"testing"
	"time"

	"github.com/causeway-chat/causeway/core/store"
)

func TestUptimeGoesOn(t *testing.T) {
	boot, up := store.Uptime()
	if again, later := store.Uptime(); boot != again || later < up || boot == "" != (up == 0) || up > 100*365*24*time.Hour {
		t.Errorf("the machine, started as %q, was up for %v and then, as %q, for %v", boot, up, again, later)
	}
}
