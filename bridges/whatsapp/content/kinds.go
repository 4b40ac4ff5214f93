// SPDX-License-Identifier: GPL-3.0-or-later

package content

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"math"
	"slices"
	"strings"

	"go.mau.fi/whatsmeow/proto/waE2E"

	"github.com/causeway-chat/causeway/core/chat"
)

// liveWords stand at the point where a live location began. Where it moves to is told to phones alone, never to linked devices, so a
// copy that moved elsewhere would only pretend to be followed.
const liveWords = "Live location: where it began (it moves on WhatsApp)"

func (d *decoder) place(m *waE2E.Message) (found, bool) {
	switch l, live := m.GetLocationMessage(), m.GetLiveLocationMessage(); {
	case l != nil:
		f := found{about: l.GetContextInfo(), name: "location", raw: l.GetComment()}
		f.put(point(l.GetDegreesLatitude(), l.GetDegreesLongitude(), l.GetAccuracyInMeters()), func(p *chat.Place) {
			p.Title, p.Address = clean(l.GetName()), clean(l.GetAddress())
			if l.GetIsLive() && p.Title == "" {
				p.Title = liveWords
			}
		})
		return f, true
	case live != nil:
		f := found{about: live.GetContextInfo(), name: "live location", raw: live.GetCaption()}
		f.put(point(live.GetDegreesLatitude(), live.GetDegreesLongitude(), live.GetAccuracyInMeters()), func(p *chat.Place) { p.Title = liveWords })
		return f, true
	}
	return found{}, false
}

// put puts a place into what was found, or names it if it is none.
func (f *found) put(p *chat.Place, with func(*chat.Place)) {
	if p == nil {
		f.content.Placeholder = f.name
		return
	}
	with(p)
	f.content.Place = p
}

func point(lat, lon float64, accuracy uint32) *chat.Place {
	if math.IsNaN(lat) || math.IsNaN(lon) || math.Abs(lat) > 90 || math.Abs(lon) > 180 {
		return nil
	}
	return &chat.Place{Lat: lat, Lon: lon, Accuracy: float64(accuracy)}
}

// maxContacts bounds how many entries of an address book one message has.
const maxContacts = 50

func (d *decoder) contacts(m *waE2E.Message) (found, bool) {
	f := found{name: "contact"}
	cards := m.GetContactsArrayMessage().GetContacts()
	switch one := m.GetContactMessage(); {
	case one != nil:
		f.about, cards = one.GetContextInfo(), []*waE2E.ContactMessage{one}
	case m.GetContactsArrayMessage() != nil:
		f.about = m.GetContactsArrayMessage().GetContextInfo()
	default:
		return found{}, false
	}
	for _, c := range cards[:min(len(cards), maxContacts)] {
		if entry := contact(c); entry.Name != "" || len(entry.Phones) > 0 {
			f.content.Contacts = append(f.content.Contacts, entry)
		}
	}
	if len(f.content.Contacts) == 0 {
		f.content.Placeholder = f.name
	}
	return f, true
}

// contact reads one card.
func contact(c *waE2E.ContactMessage) chat.Contact {
	card := clean(c.GetVcard())
	out := chat.Contact{Name: clean(c.GetDisplayName()), VCard: card}
	for _, line := range unfold(card) {
		field, value, ok := strings.Cut(line, ":")
		name, _, _ := strings.Cut(field, ";")
		if _, base, grouped := strings.Cut(name, "."); grouped {
			name = base // "item1.TEL"
		}
		value = strings.TrimSpace(value)
		switch {
		case !ok || value == "":
		case strings.EqualFold(name, "TEL") && len(out.Phones) < maxContacts:
			out.Phones = append(out.Phones, strings.TrimPrefix(value, "tel:"))
		case strings.EqualFold(name, "FN") && out.Name == "":
			out.Name = unescapeCard(value)
		}
	}
	return out
}

// unfold splits a card into its lines: one that begins with white space goes on the one before it.
func unfold(card string) []string {
	card = strings.ReplaceAll(card, "\r\n", "\n")
	card = strings.NewReplacer("\n ", "", "\n\t", "").Replace(card)
	return strings.Split(card, "\n")
}

// unescapeCard and escapeCard read and write a value of a card (RFC 6350, section 3.4).
func unescapeCard(s string) string {
	return strings.NewReplacer(`\\`, `\`, `\,`, `,`, `\;`, `;`, `\n`, " ", `\N`, " ").Replace(s)
}

func escapeCard(s string) string {
	return strings.NewReplacer(`\`, `\\`, `,`, `\,`, `;`, `\;`, "\r", "", "\n", `\n`).Replace(s)
}

// maxOptions bounds how many options of a poll are read; the apps offer twelve.
const maxOptions = 100

func (d *decoder) poll(m *waE2E.Message) (found, bool) {
	if s := cmp.Or(m.GetPollResultSnapshotMessage(), m.GetPollResultSnapshotMessageV3()); s != nil {
		return pollResult(s), true
	}
	p := cmp.Or(m.GetPollCreationMessage(), m.GetPollCreationMessageV2(), m.GetPollCreationMessageV3(), m.GetPollCreationMessageV5(), m.GetPollCreationMessageV6())
	if p == nil {
		return found{}, false
	}
	poll := chat.Poll{Question: clean(p.GetName()), Multiple: p.GetSelectableOptionsCount() != 1}
	for _, o := range p.GetOptions()[:min(len(p.GetOptions()), maxOptions)] {
		poll.Options = append(poll.Options, chat.PollOption{Text: clean(o.GetOptionName())})
	}
	f := found{about: p.GetContextInfo(), name: "poll"}
	if poll.Question == "" || len(poll.Options) == 0 {
		f.content.Placeholder = f.name
		return f, true
	}
	f.content.Poll = &poll
	return f, true
}

// pollResult reads how a poll stood when somebody showed it.
func pollResult(s *waE2E.PollResultSnapshotMessage) found {
	f := found{about: s.GetContextInfo(), name: "poll"}
	poll := chat.Poll{Question: clean(s.GetName()), Closed: true}
	for _, v := range s.GetPollVotes()[:min(len(s.GetPollVotes()), maxOptions)] {
		poll.Options = append(poll.Options, chat.PollOption{Text: clean(v.GetOptionName()), Votes: int(min(max(v.GetOptionVoteCount(), 0), math.MaxInt32))})
	}
	if poll.Question == "" || len(poll.Options) == 0 {
		f.content.Placeholder = f.name
		return f
	}
	f.content.Poll = &poll
	return f
}

// OptionHash is how a vote names an option of a poll.
func OptionHash(option string) []byte {
	sum := sha256.Sum256([]byte(option))
	return sum[:]
}

// Choices are the places of the options that a vote names by their hashes. Hashes of unknown options are left out.
func Choices(options []string, hashes [][]byte) []int {
	hashes = hashes[:min(len(hashes), maxOptions)]
	var out []int
	for i, o := range options {
		hash := OptionHash(o)
		if slices.ContainsFunc(hashes, func(h []byte) bool { return bytes.Equal(h, hash) }) {
			out = append(out, i)
		}
	}
	return out
}
