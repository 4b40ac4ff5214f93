// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"image"
	"image/jpeg"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/bridges/sim"
)

// TestFilesThatAreNotWhatTheySayHaveAClearEnd posts files that are empty, broken, of another type, or bombs, through the real
// processes: each arrives with the same bytes as a mere file, or as a line that names it.
func TestFilesThatAreNotWhatTheySayHaveAClearEnd(t *testing.T) {
	t.Parallel()
	r := newRig(t, setting{})
	r.connected()
	photo := picture(t, rand.New(rand.NewPCG(1, 1)))
	for name, c := range map[string]struct {
		media sim.Media
		kind  string // as which it arrives; empty: a line names it
	}{
		"no bytes":              {sim.Media{Kind: "file", Name: "empty.bin"}, ""},
		"photo without its end": {sim.Media{Kind: "photo", MIME: "image/jpeg", Data: photo[:len(photo)-100]}, "file"},
		"photo that is none":    {sim.Media{Kind: "photo", MIME: "image/jpeg", Data: []byte("<html>no picture</html>")}, "file"},
		"film that is a photo":  {sim.Media{Kind: "video", Name: "a.mp4", MIME: "video/mp4", Data: photo}, "file"},
		"voice that is text":    {sim.Media{Kind: "voice", MIME: "audio/ogg", Data: []byte("la la la")}, "file"},
		"sticker that bursts":   {sim.Media{Kind: "sticker", MIME: "application/x-tgsticker", Data: bomb(t)}, "file"},
		"sticker without end":   {sim.Media{Kind: "sticker", MIME: "application/x-tgsticker", Data: bomb(t)[:1000]}, "file"},
	} {
		t.Run(name, func(t *testing.T) {
			got := r.passes(c.media)
			switch {
			case c.kind == "" && (len(got.Media) > 0 || !strings.Contains(got.Text, c.media.Name)):
				t.Errorf("it arrives as %+v", got)
			case c.kind != "" && (len(got.Media) != 1 || got.Media[0].Kind != c.kind || got.Media[0].SHA256 != hashOf(c.media.Data)):
				t.Errorf("it arrives as %+v", got)
			}
		})
	}
	r.until("idle router", r.idle)
	r.finish()
}

// TestDownloadsThatLieAreTriedAgain spoils downloads once: what comes whole in the end arrives.
func TestDownloadsThatLieAreTriedAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t, setting{})
	r.connected()
	for _, kind := range []sim.FaultKind{sim.FileTruncated, sim.FileLies, sim.FileEmpty, sim.FileCut} {
		once := r.fault(sim.Fault{Kind: kind, Method: "file", Count: 1})
		file := sim.Media{Kind: "file", Name: "spoiled-" + string(kind), MIME: "application/octet-stream", Data: []byte(strings.Repeat(string(kind), 1000))}
		if got := r.passes(file); len(got.Media) != 1 || got.Media[0].SHA256 != hashOf(file.Data) {
			t.Errorf("after one %s: %+v", kind, got)
		}
		r.struck(once)
	}
	r.until("idle router", r.idle)
	r.finish()
}

// TestADownloadThatNeverComesWholeIsNamed spoils all downloads: a line names the file once its time is over.
func TestADownloadThatNeverComesWholeIsNamed(t *testing.T) {
	t.Parallel()
	r := newRig(t, setting{wait: 3 * time.Second})
	r.connected()
	always := r.fault(sim.Fault{Kind: sim.FileTruncated, Method: "file"})
	lost := sim.Media{Kind: "file", Name: "never-whole", MIME: "application/octet-stream", Data: make([]byte, 1000)}
	if got := r.passes(lost); len(got.Media) != 0 || !strings.Contains(got.Text, lost.Name) {
		t.Errorf("what never comes whole: %+v", got)
	}
	r.struck(always)
	r.until("idle router", r.idle)
	r.finish()
}

// TestAlbumWithAPictureThatTelegramRefusesArrivesWhole joins a photo and one that is too narrow for a photo to an album.
func TestAlbumWithAPictureThatTelegramRefusesArrivesWhole(t *testing.T) {
	t.Parallel()
	r := newRig(t, setting{})
	r.connected()
	p := r.rooms[0]
	var narrow bytes.Buffer
	if err := jpeg.Encode(&narrow, image.NewGray(image.Rect(0, 0, 300, 4)), nil); err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{}
	for _, data := range [][]byte{picture(t, rand.New(rand.NewPCG(2, 2))), narrow.Bytes()} {
		_, err := r.client.Post(r.ctx, sim.Post{Chat: p.left, User: r.people[0][0].id, Content: sim.Content{Album: "both",
			Media: []sim.Media{{Kind: "photo", MIME: "image/jpeg", Data: data}}}})
		r.must(err)
		want[hashOf(data)] = true
	}
	r.sees(p.right, func(v sim.View) bool {
		got := map[string]bool{}
		for _, m := range v.Visible() {
			for _, f := range m.Media {
				got[f.SHA256] = m.Account != ""
			}
		}
		return maps.Equal(want, got)
	})
	r.until("idle router", r.idle)
	r.finish()
}

// TestAlbumKeepsTogetherWhatIsGood lets the network be unable to read the second picture of an album: it alone goes as a file, and
// the others stay an album.
func TestAlbumKeepsTogetherWhatIsGood(t *testing.T) {
	t.Parallel()
	r := newRig(t, setting{deliver: 20 * time.Second})
	r.connected()
	bad := r.fault(sim.Fault{Kind: sim.BadPicture, Every: 2, Count: 1})
	p, text := r.rooms[0], saying()
	var hashes []string
	for i := range 4 {
		data := picture(t, rand.New(rand.NewPCG(3, uint64(i))))
		post := sim.Post{Chat: p.left, User: r.people[0][0].id, Content: sim.Content{Album: "four", Media: []sim.Media{{Kind: "photo", MIME: "image/jpeg", Data: data}}}}
		if i == 0 {
			post.Text = text
		}
		_, err := r.client.Post(r.ctx, post)
		r.must(err)
		hashes = append(hashes, hashOf(data))
	}
	want := []string{hashes[0] + " photo in the album", hashes[2] + " photo in the album", hashes[3] + " photo in the album", hashes[1] + " file"}
	var got []string
	r.sees(p.right, func(v sim.View) bool {
		got = nil
		album := ""
		for _, m := range v.Visible() {
			for _, f := range m.Media {
				place := f.SHA256 + " " + f.Kind
				if album = cmp.Or(album, m.Album); m.Album != "" && m.Album == album {
					place += " in the album"
				}
				got = append(got, place)
			}
		}
		return len(got) == 4
	})
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	r.struck(bad)
	r.copied(p.right, text)
	r.until("idle router", r.idle)
	r.finish()
}

// passes posts a file and returns the next message that our account writes into the other group.
func (r *rig) passes(m sim.Media) (got sim.Seen) {
	r.t.Helper()
	p := r.rooms[0]
	view, err := r.client.See(r.ctx, sim.See{Chat: p.right})
	r.must(err)
	before := len(view.Visible())
	_, err = r.client.Post(r.ctx, sim.Post{Chat: p.left, User: r.people[0][0].id, Content: sim.Content{Media: []sim.Media{m}}})
	r.must(err)
	r.sees(p.right, func(v sim.View) bool {
		seen := v.Visible()
		if len(seen) > before {
			got = seen[len(seen)-1]
		}
		return len(seen) > before && (len(got.Media) > 0 || m.Name == "" || strings.Contains(got.Text, m.Name))
	})
	return got
}

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// bomb is an animated sticker of a few kilobytes that unpacks to 64 MB.
func bomb(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	zeros := bytes.Repeat([]byte{'0'}, 1<<20)
	_, err := z.Write([]byte(`{"tgs":1,"v":"`))
	for i := 0; i < 64 && err == nil; i++ {
		_, err = z.Write(zeros)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
