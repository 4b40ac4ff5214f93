// SPDX-License-Identifier: Apache-2.0

package matrix

import (
	"slices"
	"testing"

	"github.com/causeway-chat/causeway/core/chat"
)

// TestEveryCellHasAFateWithAMeaning asks for all cells of networks that have everything, nothing, and what lies between.
func TestEveryCellHasAFateWithAMeaning(t *testing.T) {
	all := chat.Capabilities{
		Media: map[chat.MediaKind]chat.MediaLimit{}, Album: chat.AlbumSupport{Max: 10}, Place: chat.PlaceSupport{Level: chat.Full, Venue: chat.Full, Live: chat.Full},
		Contact: chat.ContactSupport{Level: chat.Full}, Poll: chat.PollSupport{Level: chat.Full, SeesVotes: true, Closes: true},
		Reply: chat.ReplySupport{Level: chat.Full}, Edit: chat.EditSupport{Level: chat.Full}, Delete: chat.EditSupport{Level: chat.Full}, React: chat.ReactSupport{Level: chat.Full},
	}
	for _, k := range chat.MediaKinds() {
		all.Media[k] = chat.MediaLimit{Level: chat.Full, Caption: true}
	}
	words := all
	words.Poll, words.Place, words.Album = chat.PollSupport{Level: chat.Full}, chat.PlaceSupport{Level: chat.Full}, chat.AlbumSupport{}
	words.Reply.Level, words.Edit.Level, words.React.Level = chat.Fallback, chat.Fallback, chat.Fallback
	deaf := all
	deaf.Edit.Unheard, deaf.Delete.Unheard = true, true
	met := map[Fate]bool{}
	for name, c := range map[string]chat.Capabilities{"all": all, "none": {}, "words": words, "deaf": deaf} {
		for _, k := range Kinds() {
			for _, a := range Actions() {
				f := Of(c, k, a)
				if met[f] = true; !slices.ContainsFunc(Meanings(), func(m Meaning) bool { return m.Fate == f && m.Sentence != "" }) {
					t.Errorf("%s: %s of a %s has the fate %q, which means nothing", name, a, k, f)
				}
			}
		}
	}
	for _, m := range Meanings() {
		if !met[m.Fate] {
			t.Errorf("no network meets the fate %q", m.Fate)
		}
	}
}

func TestFatesFollowTheCapabilities(t *testing.T) {
	photo := map[chat.MediaKind]chat.MediaLimit{chat.Photo: {Level: chat.Full, Caption: true}, chat.Sticker: {Level: chat.Full}}
	for name, c := range map[string]struct {
		caps   chat.Capabilities
		kind   Kind
		action Action
		want   Fate
	}{
		"text goes everywhere":             {chat.Capabilities{}, Text, Send, Native},
		"a file that is none":              {chat.Capabilities{}, "voice", Send, AsFile},
		"a place that is none":             {chat.Capabilities{}, Place, Send, InWords},
		"a poll whose votes nobody tells":  {chat.Capabilities{Poll: chat.PollSupport{Level: chat.Full}}, Poll, Send, InWords},
		"that poll comes up":               {chat.Capabilities{Poll: chat.PollSupport{Level: chat.Full}}, Poll, Receive, Native},
		"a caption that changes":           {chat.Capabilities{Media: photo, Edit: chat.EditSupport{Level: chat.Full}}, "photo", OurEdit, Native},
		"a file without a caption":         {chat.Capabilities{Media: photo, Edit: chat.EditSupport{Level: chat.Full}}, "sticker", OurEdit, Nothing},
		"deletions that are not told":      {chat.Capabilities{Delete: chat.EditSupport{Level: chat.Full, Unheard: true}}, Text, TheirDelete, Untold},
		"a sticker that is only heard":     {chat.Capabilities{Hears: []string{"sticker"}}, "sticker", Receive, Native},
		"that sticker when we send it":     {chat.Capabilities{Hears: []string{"sticker"}}, "sticker", Send, AsFile},
		"its words":                        {chat.Capabilities{Hears: []string{"sticker"}}, "sticker", TheirEdit, Nothing},
		"a place that moves where none do": {chat.Capabilities{Place: chat.PlaceSupport{Level: chat.Full}}, LivePlace, Send, AsPlace},
	} {
		if got := Of(c.caps, c.kind, c.action); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
