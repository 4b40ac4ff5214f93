// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/bridges/sim"
)

// wrongToken has the form of a token, and the mark that no log may hold.
const wrongToken = "7999999999:WRONG-BOT-TOKEN-OF-A-SECOND-ACCOUNT"

// TestBadTokenStopsNoOtherAccount runs a second account whose token the network refuses.
func TestBadTokenStopsNoOtherAccount(t *testing.T) {
	t.Parallel()
	r := newRig(t, setting{strangers: map[string]string{"other": wrongToken}})
	n := r.talk(20, 5*time.Millisecond).wait()
	r.settle()
	r.wantNoRepeats()
	var s status
	r.until("word of the bad token", func() bool {
		r.must(r.causeway(&s, "status"))
		return s.state("other") == "bad_credentials"
	})
	for _, a := range s.Accounts {
		if a.Name == "other" && (a.Code == "" || a.Sentence == "" || a.Action == "") {
			t.Errorf("status does not say what is wrong and what to do: %+v", a)
		}
	}
	if got := s.state("tg1"); got != "connected" {
		t.Errorf("the good account is %s", got)
	}
	t.Logf("%d messages beside a bad token", n)
	r.finish()
}

// TestTokenThatStopsWorkingIsToldAndWaited refuses a token while people write, and then takes it again.
func TestTokenThatStopsWorkingIsToldAndWaited(t *testing.T) {
	t.Parallel()
	r := newRig(t, setting{})
	r.connected()
	k := r.talk(60, 20*time.Millisecond)
	r.arrived(10)
	out := r.fault(sim.Fault{Kind: sim.LoggedOut})
	var s status
	r.until("word of the bad token", func() bool {
		r.must(r.causeway(&s, "status"))
		return s.state("tg1") == "bad_credentials"
	})
	n := k.wait()
	t.Logf("%d messages, %d calls refused", n, r.struck(out))
	r.stopRouter() // as an operator does who has put a new token into the config
	r.start()
	r.settle()
	r.wantNoRepeats()
	r.finish()
}

func (s status) state(account string) string {
	for _, a := range s.Accounts {
		if a.Name == account {
			return a.State
		}
	}
	return ""
}

// TestLogsTellNoSecrets shows that the search for secrets, which every test of this package makes at level debug, finds
// them where they are: in the config and in the store.
func TestLogsTellNoSecrets(t *testing.T) {
	t.Parallel()
	r := newRig(t, setting{})
	r.talk(3, time.Millisecond).wait()
	r.settle()
	r.finish()
	if r.count("level=DEBUG") == 0 {
		t.Error("the logs are not those of level debug")
	}
	for file, mark := range map[string]string{r.configFile(): "BOT-TOKEN", filepath.Join(r.dataDir(), "causeway.db"): bodyMark} {
		text, err := os.ReadFile(file)
		r.must(err)
		if !strings.Contains(string(text), mark) {
			t.Errorf("%s holds no %q: the search would find nothing anywhere", file, mark)
		}
	}
}
