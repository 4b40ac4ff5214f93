// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/causeway-chat/causeway/core/chat"
)

// The words of a copy's form, besides those for media, which are "kind:source". They are stored: none ever gets another
// meaning.
const (
	formPlace   = "place"
	formLive    = "live" // a place that can be moved
	formContact = "contact"
	formPoll    = "poll"
	formBare    = "bare"   // shows no words, which stand with another item of its album
	formShared  = "shared" // other messages stand under the same id
	formMerged  = chat.FormMerged
	formLate    = "late"   // shows when the message was written
	formDigest  = "digest" // is one of many that a digest stands for
	formGone    = "gone"   // of an item of an edit: it is not to be shown any more; of no copy
)

// formOf says what a post without media shows besides text.
func formOf(p chat.Post) string {
	switch {
	case p.Place != nil && p.Place.Live > 0:
		return formLive
	case p.Place != nil:
		return formPlace
	case p.Contact != nil:
		return formContact
	case p.Poll != nil:
		return formPoll
	}
	return ""
}

func mediaForm(kind chat.MediaKind, source chat.Media) string {
	return string(kind) + ":" + sourceOf(source)
}

// sourceOf is a short hash of what was attached to a message, by which an edit can tell whether it is still the same. A
// network may give one file many references, so they count only where nothing else tells files apart.
func sourceOf(m chat.Media) string {
	if m.Size > 0 {
		m.Ref = ""
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q %d %d %d %d", m.Kind, m.Ref, m.MIME, m.Name, m.Size, m.Width, m.Height, m.Duration))
	return hex.EncodeToString(sum[:8])
}

func hasWord(form, word string) bool { return slices.Contains(strings.Fields(form), word) }

func withWord(form, word string) string { return strings.TrimSpace(form + " " + word) }

func withoutWord(form, word string) string {
	return strings.Join(slices.DeleteFunc(strings.Fields(form), func(w string) bool { return w == word }), " ")
}

// mediaWords lists what a form says of media.
func mediaWords(form string) []string {
	return slices.DeleteFunc(strings.Fields(form), func(w string) bool { return !strings.Contains(w, ":") })
}

// shows reports whether a copy of this form shows what is wanted, so that an edit can bring it up to date.
func shows(form, want string) bool {
	switch want {
	case "":
		return withoutWord(withoutWord(withoutWord(form, formShared), formMerged), formLate) == ""
	case formPlace, formLive:
		return hasWord(form, formPlace) || hasWord(form, formLive)
	}
	return hasWord(form, want)
}
