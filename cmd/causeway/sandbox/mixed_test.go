// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"bytes"
	"flag"
	"image"
	"image/color"
	"image/jpeg"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/causeway-chat/causeway/bridges/sim"
)

var (
	mixedMessages = flag.Int("mixed", 60, "how many messages the mixed run posts")
	mixedLargest  = flag.Int64("mixed.largest", 1<<20, "the size in bytes of its largest files")
)

// TestMixedMessagesArriveWholeThroughFaults posts texts, photos and files, a third with attachments, while calls fail,
// answers are lost and bridge and router are killed. Bytes must arrive as they were posted, and none may stay behind.
func TestMixedMessagesArriveWholeThroughFaults(t *testing.T) {
	t.Parallel()
	r := newRig(t, setting{})
	r.connected()
	random := rand.New(rand.NewPCG(uint64(*mixedMessages), 3))
	faults := []sim.FaultID{
		r.fault(sim.Fault{Kind: sim.BadGateway, Method: "sendMessage", Every: 7}),
		r.fault(sim.Fault{Kind: sim.ResetAfter, Method: "sendMessage", Every: 11}),
		r.fault(sim.Fault{Kind: sim.ServerError, Method: "sendDocument", Every: 4}),
		r.fault(sim.Fault{Kind: sim.ResetBefore, Method: "sendPhoto", Every: 4}),
	}
	var posted []mixed
	for i := range *mixedMessages {
		m := r.postMixed(random, i)
		posted = append(posted, m)
		switch i {
		case *mixedMessages / 3:
			r.killBridge()
		case *mixedMessages * 2 / 3:
			r.killRouter()
		}
	}
	r.until("arrival of everything", func() bool {
		r.operate()
		return r.idle() && len(r.missing(posted)) == 0
	})
	lost := 0
	for _, f := range faults {
		lost += r.struck(f)
	}
	r.checkMixed(posted, lost+2)
	r.until("empty spool", func() bool { return r.spooled() == 0 })
	r.finish()
}

// mixed is a message with what it carries.
type mixed struct {
	text, kind, name, sha256 string
}

// postMixed posts a text, or, each third time, a photo or a file with a caption.
func (r *rig) postMixed(random *rand.Rand, i int) mixed {
	r.t.Helper()
	p := sim.Post{Chat: r.rooms[0].left, User: r.people[0][i%2].id, Content: sim.Content{Text: saying()}}
	m := mixed{text: p.Text}
	if i%3 == 0 {
		media := sim.Media{Kind: "file", Name: "file.bin", MIME: "application/octet-stream", Size: 1 + random.Int64N(*mixedLargest), Seed: random.Uint64()}
		if i%2 == 0 {
			media = sim.Media{Kind: "photo", Name: "photo.jpg", MIME: "image/jpeg", Data: picture(r.t, random)}
		}
		p.Media = []sim.Media{media}
		m.kind = media.Kind
	}
	id, err := r.client.Post(r.ctx, p)
	r.must(err)
	if m.kind != "" {
		m.sha256 = r.posted(p.Chat, id).Media[0].SHA256
	}
	return m
}

// picture is a small photo like no other.
func picture(t *testing.T, random *rand.Rand) []byte {
	img := image.NewRGBA(image.Rect(0, 0, 64, 48))
	for i := range 64 * 48 {
		img.Set(i%64, i/64, color.RGBA{uint8(random.Uint32()), uint8(i), uint8(i >> 4), 255})
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// posted is a message as the people of its own group see it.
func (r *rig) posted(in sim.ChatID, id sim.MessageID) (found sim.Seen) {
	r.t.Helper()
	r.sees(in, func(v sim.View) bool {
		for _, m := range v.Messages {
			if m.ID == id {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

// copies are the messages of the other group, by the last line of what they say.
func (r *rig) copies() map[string][]sim.Seen {
	view, err := r.client.See(r.ctx, sim.See{Chat: r.rooms[0].right})
	r.must(err)
	out := map[string][]sim.Seen{}
	for _, m := range sim.Apart(view).Visible() {
		if m.Account != "" {
			line := m.Text[strings.LastIndexByte(m.Text, '\n')+1:]
			out[line] = append(out[line], m)
		}
	}
	return out
}

func (r *rig) missing(posted []mixed) (texts []string) {
	copies := r.copies()
	for _, m := range posted {
		if len(copies[m.text]) == 0 {
			texts = append(texts, m.text)
		}
	}
	return texts
}

// checkMixed compares bytes and order, and counts repeats against the answers that may have been lost.
func (r *rig) checkMixed(posted []mixed, doubts int) {
	r.t.Helper()
	r.wantOrder(posted)
	copies, repeats := r.copies(), 0
	for _, m := range posted {
		got := copies[m.text]
		repeats += len(got) - 1
		switch {
		case m.kind == "":
		case len(got[0].Media) != 1 || got[0].Media[0].Kind != m.kind || got[0].Media[0].SHA256 != m.sha256:
			r.t.Errorf("a %s with the bytes %.8s arrived as %+v", m.kind, m.sha256, got[0].Media)
		}
	}
	if repeats > doubts {
		r.t.Errorf("%d repeats, explained are %d", repeats, doubts)
	}
	r.t.Logf("%d messages, %d repeats, %d answers may have been lost", len(posted), repeats, doubts)
}

// spooled counts the files that the spool still holds.
func (r *rig) spooled() (files int) {
	err := filepath.WalkDir(filepath.Join(r.dataDir(), "spool"), func(_ string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			files++
		}
		return err
	})
	r.must(err)
	return files
}
