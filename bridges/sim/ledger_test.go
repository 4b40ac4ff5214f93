// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWhatIsInDoubtWasKeptIfItHasArrived(t *testing.T) {
	l := Ledger{Lost: []Entry{{Text: "lost"}, {Text: "here", Doubted: true}, {Text: "nowhere", Doubted: true}}}
	kept := l.Kept([]string{"said", "lost", "here", "nowhere"}, func(text string) bool { return text == "here" || text == "lost" })
	if diff := cmp.Diff([]string{"said", "here"}, kept); diff != "" {
		t.Error(diff)
	}
}
