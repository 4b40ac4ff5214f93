// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// maxFileName bounds what a line shows of a file's name, in grapheme clusters.
const maxFileName = 64

// carried parts media into those that the chat takes, in the form in which it takes them, and those that a line names: what
// cannot go, and stickers that become mere files.
func carried(media []chat.Media, caps chat.Capabilities) (sent, named []chat.Media) {
	for _, m := range media {
		kind := m.Kind
		if !takes(caps.Media[kind], m) {
			kind = chat.File // what is no photo any more is still a file
		}
		if !takes(caps.Media[kind], m) {
			named = append(named, m)
			continue
		}
		if m.Kind == chat.Sticker && kind != m.Kind {
			named = append(named, chat.Media{Kind: m.Kind, Emoji: m.Emoji})
		}
		m.Kind = kind
		sent = append(sent, m)
	}
	return sent, named
}

func takes(l chat.MediaLimit, m chat.Media) bool {
	return m.Hash != "" && l.Level.Native() &&
		(len(l.MIME) == 0 || slices.Contains(l.MIME, m.MIME)) && l.Of(m.MIME).Holds(m)
}

// captioned reports whether a text can go with all of the media.
func captioned(media []chat.Media, caps chat.Capabilities) bool {
	return !slices.ContainsFunc(media, func(m chat.Media) bool { return !caps.Media[m.Kind].Caption })
}

// mediaLine names what cannot be shown, with where it can be seen: "[video: holiday.mp4, 12.3 MB, 0:42] https://…".
func (in Input) mediaLine(m chat.Media) string {
	names := in.say().media
	kind := cmp.Or(names[m.Kind], names[chat.File])
	details := slices.DeleteFunc([]string{oneLine(m.Emoji), fileName(m.Name), size(m.Size), length(m.Duration)},
		func(s string) bool { return s == "" })
	if len(details) > 0 {
		kind += ": " + strings.Join(details, ", ")
	}
	return strings.TrimSpace("[" + kind + "] " + oneLine(m.Link))
}

func fileName(name string) string {
	return isolate(shorten(oneLine(name), maxFileName))
}

// size writes bytes as people read them.
func size(n int64) string {
	switch {
	case n <= 0:
		return ""
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 999_500:
		return fmt.Sprintf("%d kB", (n+500)/1000)
	case n < 999_950_000:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(n)/1e9)
}

// length writes a duration as players do: 0:42, 12:05, 1:00:00.
func length(d time.Duration) string {
	s := int(d.Round(time.Second).Seconds())
	switch {
	case s <= 0:
		return ""
	case s < 3600:
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}
