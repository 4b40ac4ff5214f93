// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"context"
	"sync"
	"time"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/causeway-chat/causeway/bridges/whatsapp/content"
	"github.com/causeway-chat/causeway/core/chat"
)

// Who sends in HD sends two messages: the picture in the usual quality, and behind it the same in a better one. The room gets one
// message, and whoever fetches its file the better one, if it is there in time.

// maxBetter bounds how many better copies are known. They are wanted within seconds.
const maxBetter = 500

// betterCopies are the better copies that came, by the message that they belong to. It is safe for concurrent use.
type betterCopies struct {
	mu      sync.Mutex
	files   map[chat.RemoteMessage]content.File
	changed chan struct{}
}

func newBetterCopies() *betterCopies {
	return &betterCopies{files: map[chat.RemoteMessage]content.File{}, changed: make(chan struct{})}
}

func (b *betterCopies) put(of chat.RemoteMessage, f content.File) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.files) >= maxBetter {
		clear(b.files)
	}
	b.files[of] = f
	close(b.changed)
	b.changed = make(chan struct{})
}

func (b *betterCopies) drop(of chat.RemoteMessage) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.files, of)
}

func (b *betterCopies) find(of chat.RemoteMessage) (f content.File, ok bool, changed <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f, ok = b.files[of]
	return f, ok, b.changed
}

// wait waits for a better copy until ctx ends or patience is over.
func (b *betterCopies) wait(ctx context.Context, of chat.RemoteMessage, patience time.Duration) (content.File, bool) {
	over := time.NewTimer(patience)
	defer over.Stop()
	for {
		f, ok, changed := b.find(of)
		if ok {
			return f, true
		}
		select {
		case <-changed:
		case <-over.C:
			return content.File{}, false
		case <-ctx.Done():
			return content.File{}, false
		}
	}
}

// otherCopy keeps a picture or film in a better quality for whoever fetches the first. It is the message itself where the first
// could not be read.
func (l *line) otherCopy(ev *events.Message, p place, m *waE2E.Message) verdict {
	of, c, ok := content.Better(m, l.incoming(ev))
	if !ok || of.Sender != l.preferred(ev.Info.Sender, ev.Info.SenderAlt) {
		return verdict{}
	}
	key := keyOf(p, of.Remote())
	if l.a.notes.isUnread(l.a.hand, string(key)) {
		v := l.said(ev, p, chat.MessageNew{ID: of.Remote(), Content: c})
		v.then = func() { l.warn("a placeholder could not be forgotten", l.a.notes.setRead(l.a.hand, string(key))) }
		return v
	}
	if f, err := content.ParseRef(c.Media[0].Ref); err == nil {
		l.better.put(of.Remote(), f)
	}
	return verdict{}
}

// best is the file that is worth most of those that a message has. Forget makes the next fetch take the first one.
func (l *line) best(ctx context.Context, f content.File) (best content.File, forget func()) {
	if !f.Paired {
		return f, func() {}
	}
	first := content.Key{Sender: l.preferred(f.Sender, types.EmptyJID), ID: f.ID}.Remote()
	better, ok := l.better.wait(ctx, first, l.a.pauses.better)
	if !ok || better.Type != f.Type {
		return f, func() {}
	}
	return better, func() { l.better.drop(first) }
}
