// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCompareFindsWhatIsLostRepeatedAndOutOfOrder(t *testing.T) {
	view := View{Messages: []Seen{
		{Text: "Ana\none", Account: "tg"},
		{Text: "Ana\nthree", Account: "tg"},
		{Text: "Ana\ntwo", Account: "tg"},
		{Text: "Ana\ntwo", Account: "tg"},
		{Text: "four"},                               // somebody else's words are no copy
		{Text: "five", Account: "tg", Deleted: true}, // gone
	}}
	got := Compare([]string{"one", "two", "three", "four", "five"}, view)
	want := Tally{Posted: 5, Arrived: 3, Lost: 2, Repeated: 1, Disordered: 1, Missing: []string{"four", "five"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tally (-want +got):\n%s", diff)
	}
}
