// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/bridges/sim"
)

// trip is the way of one kind of message from one network to another. Words that it says are told apart by word, and places by nth.
type trip struct {
	*testing.T
	from, to *side
	word     string
	nth      int
}

// table is what becomes of each kind. Where it is not the same on both sides, the conversion is stated.
var table = []struct {
	kind string
	run  func(*trip)
}{
	{"text with formatting", (*trip).text},
	{"link with its preview", (*trip).preview},
	{"replies find their originals", (*trip).replies},
	{"edit", (*trip).edit},
	{"delete", (*trip).delete},
	{"reactions", (*trip).reactions},
	{"photo", captioned("photo", "a.jpg", "image/jpeg")},
	{"video", captioned("video", "a.mp4", "video/mp4")},
	{"animation", captioned("animation", "a.mp4", "video/mp4")},
	{"file", captioned("file", "مرحبا.pdf", "application/pdf")},
	{"audio", bare("audio", "a.mp3", "audio/mpeg")},
	{"voice", (*trip).voice},
	{"video note", bare("video_note", "", "video/mp4")},
	{"sticker", bare("sticker", "", "image/webp")},
	{"album", (*trip).album},
	{"place", (*trip).place},
	{"place with a name", (*trip).venue},
	{"contact", (*trip).contact},
	{"poll", (*trip).poll},
}

// TestEveryKindGoesEveryWay runs the table over one room on Telegram, WhatsApp and Signal.
func TestEveryKindGoesEveryWay(t *testing.T) {
	r := newRig(t, telegram, whatsapp, signal)
	nth := 0
	for _, way := range r.ways() {
		t.Run(way.from.name+" to "+way.to.name, func(t *testing.T) {
			for _, row := range table {
				nth++
				if slices.Contains(way.from.lacks, row.kind) {
					continue
				}
				t.Run(row.kind, func(t *testing.T) {
					row.run(&trip{T: t, from: way.from, to: way.to, word: fmt.Sprintf("word-%d.", nth), nth: nth})
				})
			}
		})
	}
	for _, s := range r.sides {
		c, err := s.client.Counters(t.Context())
		must(t, err)
		if bad := c.Misdeeds(1); len(bad) > 0 {
			t.Errorf("the bridge to %s did what it must not: %v %+v", s.name, bad, c.BreachList)
		}
	}
}

// ours reports whether a message is a copy that ends in words.
func ours(words string) func(sim.Seen) bool {
	return func(m sim.Seen) bool { return m.Account != "" && !m.Deleted && strings.HasSuffix(m.Text, words) }
}

// say posts a text, and returns it with its copy.
func (p *trip) say(words string) (id sim.MessageID, copied sim.Seen) {
	p.Helper()
	id = p.from.post(p.T, sim.Post{Content: sim.Content{Text: words}})
	return id, p.to.sees(p.T, words, ours(words))
}

func (p *trip) text() {
	words := p.word + " bold italic strike code"
	var spans []sim.Span
	for _, kind := range []string{"bold", "italic", "strike", "code"} {
		at := strings.Index(words, kind)
		spans = append(spans, sim.Span{Start: at, End: at + len(kind), Kind: kind})
	}
	p.from.post(p.T, sim.Post{Content: sim.Content{Text: words, Spans: spans}})
	m := p.to.sees(p.T, words, ours(words))
	head := p.from.person + "\n"
	if m.Text != head+words {
		p.Errorf("it is seen as %q", m.Text)
	}
	want := []sim.Span{{Start: 0, End: len(p.from.person), Kind: "bold"}} // the name
	for _, s := range spans {
		s.Start, s.End = s.Start+len(head), s.End+len(head)
		want = append(want, s)
	}
	if diff := cmp.Diff(want, m.Spans); diff != "" {
		p.Errorf("(-want +got):\n%s", diff)
	}
}

// preview: WhatsApp and Signal show the preview that a message brings. Telegram makes its own, and tells bots nothing of it.
func (p *trip) preview() {
	page := &sim.Preview{URL: fmt.Sprintf("https://example.com/%d", p.nth), Title: "A page of " + p.word, Description: "What it says"}
	post := sim.Post{Content: sim.Content{Text: p.word + " " + page.URL, Preview: page}}
	if p.from.name == telegram.name {
		post.Preview = nil
	}
	p.from.post(p.T, post)
	m := p.to.sees(p.T, "the link", ours(post.Text))
	want := post.Preview
	if p.to.name == telegram.name {
		want = nil
	}
	if diff := cmp.Diff(want, m.Preview); diff != "" {
		p.Errorf("(-want +got):\n%s", diff)
	}
}

// replies: people of both sides answer a message on their own network, and on the other one the answer stands at its copy, or
// at its original.
func (p *trip) replies() {
	original, copied := p.say(p.word + " question")
	p.from.post(p.T, sim.Post{Content: sim.Content{Text: p.word + " own answer", ReplyTo: original}})
	if m := p.to.sees(p.T, "the answer", ours(p.word+" own answer")); m.ReplyTo != copied.ID {
		p.Errorf("the answer stands at %q and not at the copy %q", m.ReplyTo, copied.ID)
	}
	p.to.post(p.T, sim.Post{Content: sim.Content{Text: p.word + " their answer", ReplyTo: copied.ID}})
	if m := p.from.sees(p.T, "their answer", ours(p.word+" their answer")); m.ReplyTo != original {
		p.Errorf("the answer to the copy stands at %q and not at the original %q", m.ReplyTo, original)
	}
}

func (p *trip) edit() {
	id, copied := p.say(p.word + " frist")
	must(p.T, p.from.client.Edit(p.Context(), sim.Edit{Chat: p.from.group, Message: id, Text: p.word + " first"}))
	p.to.sees(p.T, "the edit", func(m sim.Seen) bool {
		return m.ID == copied.ID && m.Edits > 0 && strings.HasSuffix(m.Text, p.word+" first")
	})
}

// delete: what is deleted goes everywhere, unless the network does not tell of it.
func (p *trip) delete() {
	id, copied := p.say(p.word + " gone soon")
	must(p.T, p.from.client.Delete(p.Context(), sim.Delete{Chat: p.from.group, Message: id}))
	if p.from.name == telegram.name { // bots are not told; an edit is the way out
		return
	}
	p.to.sees(p.T, "that it is gone", func(m sim.Seen) bool { return m.ID == copied.ID && m.Deleted })
}

// reactions: on the original they are seen at the copy, and on the copy at the original.
func (p *trip) reactions() {
	original, copied := p.say(p.word + " like me")
	at := func(id sim.MessageID) func(sim.Seen) bool {
		return func(m sim.Seen) bool {
			return m.ID == id && slices.ContainsFunc(m.Reactions, func(r sim.Reaction) bool { return r.Account != "" && r.Emoji == "👍" })
		}
	}
	must(p.T, p.from.client.React(p.Context(), sim.React{Chat: p.from.group, Message: original, User: p.from.who, Emoji: []string{"👍"}}))
	p.to.sees(p.T, "the reaction at the copy", at(copied.ID))
	must(p.T, p.to.client.React(p.Context(), sim.React{Chat: p.to.group, Message: copied.ID, User: p.to.who, Emoji: []string{"👍"}}))
	p.from.sees(p.T, "the reaction at the original", at(original))
}

// captioned is a kind of file with words: name, words and bytes arrive in one message.
func captioned(kind, name, mime string) func(*trip) {
	return func(p *trip) {
		file := sim.Media{Kind: kind, Name: name, MIME: mime, Data: fileOf(p.T, mime, p.word)}
		p.from.post(p.T, sim.Post{Content: sim.Content{Text: p.word, Media: []sim.Media{file}}})
		m := p.to.sees(p.T, "the "+kind, carries(file))
		if m.Text != p.from.person+"\n"+p.word || m.Media[0].Kind != p.shown(kind) {
			p.Errorf("it is seen as %+v", m)
		}
		if kind == "file" && m.Media[0].Name != name {
			p.Errorf("it is called %q", m.Media[0].Name)
		}
	}
}

// bare is a kind of file without words: whose it is stands before it, where the network has no captions for it.
func bare(kind, name, mime string) func(*trip) {
	return func(p *trip) {
		file := sim.Media{Kind: kind, Name: name, MIME: mime, Data: fileOf(p.T, mime, p.word)}
		p.from.post(p.T, sim.Post{Content: sim.Content{Media: []sim.Media{file}}})
		m := p.to.sees(p.T, "the "+kind, carries(file))
		if m.Media[0].Kind != p.shown(kind) || m.Text != "" && m.Text != p.from.person {
			p.Errorf("it is seen as %+v", m)
		}
	}
}

// shown is as what a kind of file is seen: Signal's messages tell a film from no other, and what it cannot show as a voice note
// or sticker it shows as the sound or picture that it is.
func (p *trip) shown(kind string) string {
	switch {
	case p.from.name != signal.name && p.to.name != signal.name:
		return kind
	case kind == "animation" || kind == "video_note":
		return "video"
	case p.to.name == signal.name && kind == "voice":
		return "audio"
	case p.to.name == signal.name && kind == "sticker":
		return "photo"
	}
	return kind
}

// carries reports whether a message is a copy with a file's bytes.
func carries(f sim.Media) func(sim.Seen) bool {
	return func(m sim.Seen) bool {
		return m.Account != "" && slices.ContainsFunc(m.Media, func(g sim.Media) bool { return g.SHA256 == hashOf(f.Data) })
	}
}

// album: several photos are one album on the other side.
func (p *trip) album() {
	var files []sim.Media
	for i := range 3 {
		files = append(files, sim.Media{Kind: "photo", Name: "a.jpg", MIME: "image/jpeg", Data: fileOf(p.T, "image/jpeg", fmt.Sprint(p.word, i))})
	}
	post := sim.Post{Chat: p.from.group, User: p.from.who, Content: sim.Content{Text: p.word, Media: files}}
	if _, err := p.from.client.Post(p.Context(), post); errors.Is(err, sim.ErrWrongUse) { // here people post them one by one
		for i, f := range files {
			one := sim.Post{Content: sim.Content{Media: []sim.Media{f}, Album: p.word}}
			if i == 0 {
				one.Text = p.word
			}
			p.from.post(p.T, one)
		}
	} else {
		must(p.T, err)
	}
	if p.to.name == signal.name {
		p.inOne(files)
		return
	}
	albums := map[string]bool{}
	text := ""
	for _, f := range files {
		m := p.to.sees(p.T, "an item", carries(f))
		albums[m.Album] = true
		text += m.Text
	}
	if len(albums) != 1 || albums[""] || text != p.from.person+"\n"+p.word {
		p.Errorf("the items belong to the albums %v, with the text %q", albums, text)
	}
}

// inOne: on Signal an album is one message.
func (p *trip) inOne(files []sim.Media) {
	m := p.to.sees(p.T, "the album", carries(files[0]))
	for _, f := range files {
		if !carries(f)(m) || len(m.Media) != len(files) || m.Text != p.from.person+"\n"+p.word {
			p.Errorf("it is seen as %+v", m)
		}
	}
}

// place: on Signal it is text.
func (p *trip) place() {
	at := sim.Place{Latitude: 51.5007, Longitude: -0.1246 + float64(p.nth)/1000}
	p.from.post(p.T, sim.Post{Content: sim.Content{Kind: "location", Place: &at}})
	if p.to.name == signal.name {
		p.asText(fmt.Sprintf("%.4f", at.Latitude), fmt.Sprintf("%.4f", at.Longitude))
		return
	}
	p.to.sees(p.T, "the place", func(m sim.Seen) bool {
		return m.Account != "" && m.Place != nil && near(*m.Place, at) && m.Place.Title == ""
	})
}

func (p *trip) venue() {
	at := sim.Place{Latitude: 48.8584, Longitude: 2.2945, Title: p.word, Address: "5 Avenue Anatole France"}
	p.from.post(p.T, sim.Post{Content: sim.Content{Kind: "venue", Place: &at}})
	if p.to.name == signal.name {
		p.asText(at.Title, at.Address, "48.858", "2.294")
		return
	}
	p.to.sees(p.T, "the venue", func(m sim.Seen) bool {
		return m.Account != "" && m.Place != nil && near(*m.Place, at) && m.Place.Title == at.Title && m.Place.Address == at.Address
	})
}

func near(a, b sim.Place) bool {
	const most = 1e-5
	return a.Latitude-b.Latitude < most && b.Latitude-a.Latitude < most && a.Longitude-b.Longitude < most && b.Longitude-a.Longitude < most
}

func (p *trip) contact() {
	p.from.post(p.T, sim.Post{Content: sim.Content{Kind: "contact", Contact: &sim.Contact{Name: p.word, Phone: "+447700900123"}}})
	if p.to.name == signal.name {
		p.asText(p.word, "+447700900123")
		return
	}
	p.to.sees(p.T, "the contact", func(m sim.Seen) bool {
		return m.Account != "" && m.Contact != nil && m.Contact.Name == p.word && m.Contact.Phone == "+447700900123"
	})
}

// asText waits for a copy that says all these words, for what Signal has no kind of message for.
func (p *trip) asText(words ...string) {
	p.Helper()
	p.to.sees(p.T, fmt.Sprint(words), func(m sim.Seen) bool {
		return m.Account != "" && !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(m.Text, w) })
	})
}

// poll: a poll whose votes are told is one on the other side too. Bots are not told the votes in polls of people, so those of
// Telegram arrive as text.
func (p *trip) poll() {
	ask := &sim.Poll{Question: p.word + "?", Options: []sim.PollOption{{Text: "Tea"}, {Text: "Coffee"}}, Public: true}
	p.from.post(p.T, sim.Post{Content: sim.Content{Kind: "poll", Poll: ask}})
	if p.from.name == telegram.name {
		m := p.to.sees(p.T, "the poll as text", func(m sim.Seen) bool { return m.Account != "" && strings.Contains(m.Text, ask.Question) })
		if !strings.Contains(m.Text, "• Tea\n• Coffee") || m.Poll != nil {
			p.Errorf("it is seen as %+v", m)
		}
		return
	}
	p.to.sees(p.T, "the poll", func(m sim.Seen) bool {
		return m.Account != "" && m.Poll != nil && m.Poll.Question == ask.Question && len(m.Poll.Options) == 2 && m.Poll.Options[1].Text == "Coffee"
	})
}
