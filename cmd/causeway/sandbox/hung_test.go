// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"flag"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/bridges/sim"
)

var hanging = flag.Int("hang", 50, "how many downloads hang at once; up to 60")

// hungFile is the size of a file that hangs half-way.
const hungFile = 1 << 20

// TestHungDownloadsHoldNobodyElseUp lets fifty downloads of one group hang at once: memory stays flat, and whatever others write
// and send goes on. When the network lets go all fifty arrive, whole and in order.
func TestHungDownloadsHoldNobodyElseUp(t *testing.T) {
	t.Parallel()
	r := newRig(t, setting{rooms: 2, deliver: 5 * time.Minute, wait: 20 * time.Minute}) // no fetch ends before the network lets go
	r.connected()
	r.warmUp()
	watch := r.watchMemory()
	sick, well := r.rooms[0], r.rooms[1]
	hang := r.fault(sim.Fault{Kind: sim.FileHang, Chat: sick.left})
	posted := r.postFiles(sick.left, *hanging)
	r.until("fifty that hang", func() bool { return r.halfway() >= *hanging })
	r.othersGoOn(sick, well)
	watch.check(t, fmt.Sprintf("while %d downloads hang", r.halfway()))
	r.struck(hang)
	r.until("arrival of the files", func() bool { return r.idle() && len(r.missing(posted)) == 0 })
	r.checkMixed(posted, 0)
	r.until("empty spool", func() bool { return r.spooled() == 0 })
	watch.tell(t, "after they have arrived")
	r.finish()
}

// TestDownloadsThatHangForGoodAreNamed: the network never lets go. Each file ends as a line that names it, once its time is
// over, and the group goes on.
func TestDownloadsThatHangForGoodAreNamed(t *testing.T) {
	t.Parallel()
	r := newRig(t, setting{rooms: 2, wait: 30 * time.Second})
	r.connected()
	sick, well := r.rooms[0], r.rooms[1]
	hang := r.fault(sim.Fault{Kind: sim.FileHang, Chat: sick.left})
	posted := r.postFiles(sick.left, *hanging)
	after := saying()
	_, err := r.client.Post(r.ctx, sim.Post{Chat: sick.left, User: r.people[0][1].id, Content: sim.Content{Text: after}})
	r.must(err)
	r.othersGoOn(sick, well)
	r.until("the text behind the files", func() bool { return r.idle() && len(r.missing([]mixed{{text: after}})) == 0 })
	r.struck(hang)
	view, err := r.client.See(r.ctx, sim.See{Chat: sick.right})
	r.must(err)
	for i, m := range posted {
		posted[i].kind = "" // a text arrives in its place
		if got, ok := copyOf(view, m.text); !ok || len(got.Media) > 0 || !strings.Contains(got.Text, m.name) {
			t.Errorf("file %d ended as %+v", i, got)
		}
	}
	r.checkMixed(append(posted, mixed{text: after}), 0)
	r.finish()
}

// postFiles posts files into a group, each with a text of its own.
func (r *rig) postFiles(in sim.ChatID, n int) (posted []mixed) {
	r.t.Helper()
	for i := range n {
		m := mixed{text: saying(), kind: "file", name: fmt.Sprintf("hung-%d.bin", i)}
		id, err := r.client.Post(r.ctx, sim.Post{Chat: in, User: r.people[0][0].id, Content: sim.Content{Text: m.text,
			Media: []sim.Media{{Kind: m.kind, Name: m.name, MIME: "application/octet-stream", Size: hungFile, Seed: uint64(i)}}}})
		r.must(err)
		m.sha256 = r.posted(in, id).Media[0].SHA256
		posted = append(posted, m)
	}
	return posted
}

// halfway counts the downloads that hang: each has half of its file in the spool.
func (r *rig) halfway() (n int) {
	err := filepath.WalkDir(filepath.Join(r.dataDir(), "spool"), func(_ string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		if st, err := e.Info(); err == nil && st.Size() == hungFile/2 {
			n++
		}
		return nil
	})
	if err != nil {
		r.t.Log(err) // a file was removed meanwhile
	}
	return n
}

// othersGoOn lets people of another room send a text and a file, and those on the other side of the sick room a text.
func (r *rig) othersGoOn(sick, well pair) {
	r.t.Helper()
	text, behind, back := saying(), saying(), saying()
	file := sim.Media{Kind: "file", Name: "well.bin", MIME: "application/octet-stream", Data: []byte(behind)}
	for _, p := range []sim.Post{
		{Chat: well.left, User: r.people[0][0].id, Content: sim.Content{Text: text}},
		{Chat: well.left, User: r.people[0][0].id, Content: sim.Content{Text: behind, Media: []sim.Media{file}}},
		{Chat: sick.right, User: r.people[1][0].id, Content: sim.Content{Text: back}},
	} {
		_, err := r.client.Post(r.ctx, p)
		r.must(err)
	}
	r.copied(well.right, text)
	r.copied(sick.left, back)
	if got := r.copied(well.right, behind); len(got.Media) != 1 || got.Media[0].SHA256 != hashOf(file.Data) {
		r.t.Errorf("somebody else's file arrives as %+v", got)
	}
}

// warmUp lets a message and a small file pass, so that what is made once is made.
func (r *rig) warmUp() {
	r.t.Helper()
	p, text := r.rooms[0], saying()
	_, err := r.client.Post(r.ctx, sim.Post{Chat: p.left, User: r.people[0][0].id, Content: sim.Content{Text: text,
		Media: []sim.Media{{Kind: "file", Name: "small.bin", MIME: "application/octet-stream", Size: 1 << 20, Seed: 1}}}})
	r.must(err)
	r.copied(p.right, text)
}

// wantOrder compares the order in which messages first arrived with that in which they were posted.
func (r *rig) wantOrder(posted []mixed) {
	r.t.Helper()
	view, err := r.client.See(r.ctx, sim.See{Chat: r.rooms[0].right})
	r.must(err)
	var want, got []string
	for _, m := range posted {
		want = append(want, m.text)
	}
	for _, m := range sim.Apart(view).Visible() {
		line := m.Text[strings.LastIndexByte(m.Text, '\n')+1:]
		if m.Account != "" && slices.Contains(want, line) && !slices.Contains(got, line) {
			got = append(got, line)
		}
	}
	if !slices.Equal(want, got) {
		r.t.Errorf("%d messages arrived in another order: %q, posted %q", len(got), got, want)
	}
}
