// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"flag"
	"fmt"
	"testing"

	"github.com/causeway-chat/causeway/bridges/sim"
)

var largeFile = flag.Int64("large", 64, "the size in MB of the file that TestMemoryStaysFlatWhileALargeFilePasses sends; up to 2000")

// TestMemoryStaysFlatWhileALargeFilePasses sends a file through a self-hosted server, which gives and takes 2000 MB: bridge and
// router hold none of it.
func TestMemoryStaysFlatWhileALargeFilePasses(t *testing.T) {
	t.Parallel()
	r := newRig(t, setting{local: true})
	r.connected()
	r.warmUp()
	watch := r.watchMemory()
	p, text, size := r.rooms[0], saying(), *largeFile*1_000_000
	id, err := r.client.Post(r.ctx, sim.Post{Chat: p.left, User: r.people[0][0].id, Content: sim.Content{Text: text,
		Media: []sim.Media{{Kind: "file", Name: "large.bin", MIME: "application/octet-stream", Size: size, Seed: 7}}}})
	r.must(err)
	want := r.posted(p.left, id).Media[0]
	var got sim.Seen
	r.until("arrival of the file", func() (ok bool) {
		view, err := r.client.See(r.ctx, sim.See{Chat: p.right})
		r.must(err)
		got, ok = copyOf(view, text)
		return ok
	})
	watch.check(t, fmt.Sprintf("a file of %d MB", *largeFile))
	if len(got.Media) != 1 || got.Media[0].SHA256 != want.SHA256 || got.Media[0].Size != size {
		t.Errorf("%+v arrived as %+v", want, got.Media)
	}
	r.until("empty spool", func() bool { return r.spooled() == 0 })
	r.finish()
}
