// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"slices"

	"github.com/causeway-chat/causeway/core/chat"
)

// Parts of a message are counted from 0. Replies that correct a text which could not be edited count from
// correctionPart, so that they are deleted with the message and never edited in place of a part.
const (
	correctionPart = 1000
	reactPart      = -1 // a text that tells of reactions; it is nobody's copy
)

// own leaves out the origin, which is not ours to change.
func own(copies []chat.Copy) []chat.Copy {
	return slices.DeleteFunc(slices.Clone(copies), func(c chat.Copy) bool { return c.Origin })
}

// ofPart returns the aliases of one part, oldest first.
func ofPart(copies []chat.Copy, part int) []chat.Copy {
	var of []chat.Copy
	for _, c := range copies {
		if c.Part == part {
			of = append(of, c)
		}
	}
	return of
}

// firstPart returns the aliases of the first part that is there.
func firstPart(copies []chat.Copy) []chat.Copy { return ofPart(copies, partsOf(copies)[0]) }

// partsOf lists the parts that are there, in order.
func partsOf(copies []chat.Copy) []int {
	var parts []int
	for _, c := range copies {
		if !slices.Contains(parts, c.Part) {
			parts = append(parts, c.Part)
		}
	}
	slices.Sort(parts)
	return parts
}

// lastPart is the highest part of the message itself, -1 without any.
func lastPart(copies []chat.Copy) int {
	last := -1
	for _, c := range copies {
		if c.Part < correctionPart {
			last = max(last, c.Part)
		}
	}
	return last
}

// shown are the revisions that a reader of the chat has seen: that of the oldest part, and of the newest correction; -1
// without any.
func shown(copies []chat.Copy) (parts, corrected int) {
	parts, corrected = -1, -1
	for _, part := range partsOf(copies) {
		rev := newest(ofPart(copies, part)).Revision
		switch {
		case part >= correctionPart:
			corrected = max(corrected, rev)
		case parts < 0 || rev < parts:
			parts = rev
		}
	}
	return parts, corrected
}

func newest(aliases []chat.Copy) chat.Copy { return aliases[len(aliases)-1] }

// ids lists the remote ids of aliases, newest last.
func ids(aliases []chat.Copy) []chat.RemoteMessage {
	var all []chat.RemoteMessage
	for _, c := range aliases {
		all = append(all, c.Remote)
	}
	return all
}

func hasRemote(copies []chat.Copy, id chat.RemoteMessage) bool {
	return slices.ContainsFunc(copies, func(c chat.Copy) bool { return c.Remote == id })
}

func sameSet(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}
