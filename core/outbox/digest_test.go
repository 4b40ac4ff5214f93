// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
	"github.com/causeway-chat/causeway/core/room"
)

// inDigest is inGroup for a link that wants digests, whose files are kept by keep.
func inDigest(t *testing.T, keep func([]byte) error, f func(w *world, g *group)) {
	g := newGroup(20)
	inWorld(t, func(w *world) {
		w.answers("tg", g.answer)
		w.chat(1, "tg", groupPace, files, func(c *chat.Capabilities) { c.Text.Max = 200 })
		w.lane(1, func(l *outbox.Lane) { l.Link.NameStyle, l.Link.CatchUp = chat.OwnLine, room.CatchUpDigest })
		f(w, g)
	}, merging, func(w *world) {
		w.opt.Keep = func(_ context.Context, content []byte) (string, error) { return "hash", keep(content) }
	})
}

// away lets people write n texts while the account cannot be reached.
func (w *world) awayFor(n int) (ids []chat.MessageID) {
	w.box.SetSendable("tg", false)
	for i := range n {
		ids = append(ids, w.say(fmt.Sprintf("text %d. %s", i, strings.Repeat("x", 20)), 1))
		w.wait(time.Minute)
	}
	w.box.SetSendable("tg", true)
	w.wait(time.Minute)
	return ids
}

func TestALongBacklogIsOneDigestWithAFile(t *testing.T) {
	var file string
	inDigest(t, func(b []byte) error { file = string(b); return nil }, func(w *world, g *group) {
		ids := w.awayFor(300)
		if len(g.posts) != 2 {
			t.Fatalf("posts: %q", g.sees())
		}
		text, media := g.posts[0], g.posts[1].Media
		if !strings.HasPrefix(text.Text.Body, "300 messages from Ada, written from ") || !strings.Contains(text.Text.Body, "text 299. ") {
			t.Errorf("digest: %q", text.Text.Body)
		}
		if len(media) != 1 || media[0].Hash != "hash" || media[0].Size != int64(len(file)) || strings.Count(file, "text ") != 300 {
			t.Errorf("file: %+v, %d texts", media, strings.Count(file, "text "))
		}
		for i, id := range ids {
			if c := w.copies(1, id); len(c) != 1 || c[0].Remote != "g1" || c[0].At != i {
				t.Fatalf("copies of message %d: %+v", id, c)
			}
		}
		if e := w.endings(); len(e) != 300 || e[0] != "send delivered" || e[299] != "send delivered" {
			t.Errorf("%d endings", len(e))
		}
		w.edit(ids[7], "seven", 1)
		w.delete(ids[8], 1)
		w.react(ids[9], 2, 1, "👍")
		w.wait(time.Minute)
		w.want("afterwards", w.endings()[300:], "edit delivered", "delete refused delete_shared", "react delivered")
		w.want("correction", g.sees()[2:], `[to g1 ""] Ada (edited)|seven`)
	})
}

// TestABacklogLongerThanADigestMakesSeveral: what one transaction cannot end is summed up by the next, or sent as it is.
func TestABacklogLongerThanADigestMakesSeveral(t *testing.T) {
	var files []string
	inDigest(t, func(b []byte) error { files = append(files, string(b)); return nil }, func(w *world, g *group) {
		ids := w.awayFor(1300)
		w.wait(time.Hour)
		if len(w.endings()) != 1300 || len(files) != 2 {
			t.Fatalf("%d endings, %d files, posts %q", len(w.endings()), len(files), g.sees())
		}
		for i, id := range ids {
			if !strings.Contains(files[i/1000], fmt.Sprintf("text %d. ", i)) || len(w.copies(1, id)) != 1 {
				t.Fatalf("text %d is not in its file, or has copies %+v", i, w.copies(1, id))
			}
		}
	})
}

func TestAShortBacklogNeedsNoDigest(t *testing.T) {
	inDigest(t, func([]byte) error { t.Error("a file was made"); return nil }, func(w *world, g *group) {
		w.awayFor(50)
		if len(g.posts) < 5 || strings.Contains(g.posts[0].Text.Body, "messages") {
			t.Errorf("posts: %q", g.sees())
		}
	})
}

func TestADigestWithoutItsFileIsNone(t *testing.T) {
	inDigest(t, func([]byte) error { return errors.New("disk full") }, func(w *world, g *group) {
		w.awayFor(300)
		w.wait(time.Hour)
		if all := strings.Join(g.sees(), "|"); strings.Count(all, "text ") != 300 || len(g.posts) < 31 {
			t.Errorf("%d posts with %d texts", len(g.posts), strings.Count(all, "text "))
		}
	})
}

func TestARestartInTheMiddleOfADigestLosesNothing(t *testing.T) {
	inDigest(t, func([]byte) error { return nil }, func(w *world, g *group) {
		w.answers("tg", func(ctx context.Context, n int, p chat.Post) chat.Outcome {
			if n == 1 {
				<-ctx.Done()
				return lost
			}
			return g.answer(ctx, n, p)
		})
		w.awayFor(300)
		w.die()
		w.start()
		w.wait(10 * time.Minute)
		if len(w.endings()) != 300 || len(g.posts) != 2 || !strings.HasPrefix(g.posts[0].Text.Body, "300 messages") {
			t.Errorf("%d endings, posts %q", len(w.endings()), g.sees())
		}
	})
}
