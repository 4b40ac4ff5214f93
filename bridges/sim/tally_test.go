// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCompareFindsWhatIsLostRepeatedAndOutOfOrder(t *testing.T) {
	view := View{Messages: []Seen{
		{Content: Content{Text: "Ana\none"}, Account: "tg"},
		{Content: Content{Text: "Ana\nthree\nsix\n\nBen (14:05 UTC)\nseven"}, Account: "tg"},
		{Content: Content{Text: "Ana\ntwo"}, Account: "tg"},
		{Content: Content{Text: "Ana\ntwo"}, Account: "tg"},
		{Content: Content{Text: "Ana\nthree\nsix\n\nBen (14:05 UTC)\nseven"}, Account: "tg"}, // one post that came again
		{Content: Content{Text: "four"}},                                                     // somebody else's words are no copy
		{Content: Content{Text: "five"}, Account: "tg", Deleted: true},                       // gone
	}}
	got := Compare([]string{"one", "two", "three", "six", "seven", "four", "five"}, view)
	want := Tally{Posted: 7, Arrived: 5, Lost: 2, Repeated: 2, Disordered: 3, Missing: []string{"four", "five"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tally (-want +got):\n%s", diff)
	}
}

func TestPostsOfSeveralMessagesAreTakenApart(t *testing.T) {
	view := View{Cursor: 7, Messages: []Seen{
		{Content: Content{Text: "Hello\n\nall"}},
		{Content: Content{Text: "Ana\none"}, Account: "tg"},
		{Content: Content{Text: "Ana (14:05 UTC)\ntwo\n(2026-11-25 14:06 UTC)\nthree\n\nBen\nfour"}, Account: "tg", ID: "5"},
		{Content: Content{Text: "Linked."}, Account: "tg"},
	}}
	want := View{Cursor: 7, Messages: []Seen{{Content: Content{Text: "Hello\n\nall"}}, {Content: Content{Text: "Ana\none"}, Account: "tg"}, {Content: Content{Text: "Ana\ntwo"}, Account: "tg", ID: "5"},
		{Content: Content{Text: "Ana\nthree"}, Account: "tg", ID: "5"}, {Content: Content{Text: "Ben\nfour"}, Account: "tg", ID: "5"}, {Content: Content{Text: "Linked."}, Account: "tg"}}}
	if diff := cmp.Diff(want, Apart(view)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
