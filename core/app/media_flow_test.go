// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-chat/causeway/config"
	"github.com/causeway-chat/causeway/core/admin"
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/store"
	"github.com/causeway-chat/causeway/plugins/host"
)

// pillar is a bridge whose network outlives routers: what its people post, what stands behind references, and what
// they see.
type pillar struct {
	*shelf
	account chat.Account
	rand    *rand.Rand
	in      host.Intake
	watch   host.Watcher

	mu    sync.Mutex
	inbox []chat.Event
	seen  []sight
	wrong []string
}

// sight is one post as people see it.
type sight struct {
	text  string
	media []chat.Media
}

// Run hands up what people post.
func (p *pillar) Run(ctx context.Context) error {
	opening, err := p.in.Open(ctx, p.account)
	if err != nil {
		return err
	}
	p.watch.Capabilities(p.account, "", flowCaps)
	p.watch.State(p.account, chat.State{State: chat.Connected, Since: time.Now()})
	for seq := opening.LastSeq; ctx.Err() == nil; pause(ctx, 50*time.Millisecond) {
		p.mu.Lock()
		batch := p.inbox[:min(len(p.inbox), 5)]
		p.mu.Unlock()
		for i := range batch {
			batch[i].Seq = seq + uint64(i) + 1
		}
		if len(batch) == 0 || p.in.Store(ctx, p.account, opening.Epoch, batch, nil) != nil {
			continue
		}
		seq += uint64(len(batch))
		p.mu.Lock()
		p.inbox = p.inbox[len(batch):]
		p.mu.Unlock()
	}
	return nil
}

// Deliver reads the bytes as a bridge does, and sometimes is told to wait.
func (p *pillar) Deliver(_ context.Context, post chat.Post) chat.Outcome {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.rand.IntN(8) == 0 {
		return chat.RetryAfter(time.Second, chat.ScopeChat, chat.Reason{Code: "rate_limited"})
	}
	for _, m := range post.Media {
		b, err := os.ReadFile(filepath.Join(p.dir, chat.SpoolPath(m.Hash)))
		if err != nil || hashOf(b) != m.Hash || int64(len(b)) != m.Size {
			p.wrong = append(p.wrong, fmt.Sprintf("%q: %+v has %d other bytes: %v", post.Text.Body, m, len(b), err))
		}
	}
	p.seen = append(p.seen, sight{post.Text.Body, post.Media})
	return chat.DeliveredAs(chat.RemoteMessage("own" + strconv.Itoa(len(p.seen))))
}

// Lookup does not know.
func (p *pillar) Lookup(context.Context, chat.PostKey) chat.Found {
	return chat.Found{Kind: chat.FoundUnknown}
}

var flowCaps = func() chat.Capabilities {
	c := takesAll
	c.Text = chat.TextLimit{Max: 4096, Unit: chat.UTF16}
	c.Caption = c.Text
	c.Repeat = chat.RepeatDoubles
	c.Media = map[chat.MediaKind]chat.MediaLimit{}
	for k, l := range takesAll.Media {
		l.Caption = true
		c.Media[k] = l
	}
	return c
}()

// flow is a router between two pillars.
type flow struct {
	t       *testing.T
	rand    *rand.Rand
	dir     string
	cfg     *config.Config
	pillars map[chat.Account]*pillar
	engine  *engine
	end     context.CancelFunc
	ended   chan error
	sent    []errandOf
}

// errandOf is what was posted: kind of attachment, its bytes' hash, and whether it is gone.
type errandOf struct {
	at   chat.Account
	kind chat.MediaKind // "": text alone
	hash string
	mime string
	gone bool
}

// TestAttachmentsArriveOverKillsAndFaults posts texts and attachments while fetches fail, networks ask to wait and the
// router is killed. All of them arrive in order, with the right bytes, and the spool is empty at the end.
func TestAttachmentsArriveOverKillsAndFaults(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	synctest.Test(t, func(t *testing.T) {
		f := newFlow(t, seed)
		f.start()
		for n := range 60 {
			f.post(n)
			time.Sleep(time.Duration(f.rand.IntN(2000)) * time.Millisecond)
			if n%15 == 7 {
				f.kill()
			}
		}
		f.settle()
		f.stop()
		f.check()
	})
}

func newFlow(t *testing.T, seed uint64) *flow {
	f := &flow{t: t, rand: rand.New(rand.NewPCG(seed, 3)), dir: t.TempDir(), pillars: map[chat.Account]*pillar{},
		cfg: &config.Config{Accounts: map[string]*config.Account{}, Rooms: map[string]*config.Room{"lobby": {}}}}
	f.cfg.DataDir = f.dir
	for i, name := range []chat.Account{"a", "b"} {
		f.pillars[name] = &pillar{shelf: newShelf(filepath.Join(f.dir, spoolFolder)), account: name, rand: rand.New(rand.NewPCG(seed, uint64(i)))}
		f.cfg.Accounts[string(name)] = &config.Account{Network: "n"}
		f.cfg.Rooms["lobby"].Chats = append(f.cfg.Rooms["lobby"].Chats, config.Link{Chat: config.Chat{Account: string(name), Remote: "chat of " + string(name)}})
	}
	return f
}

// PairInput has nobody to answer: nothing is paired here.
func (p *pillar) PairInput(string, string) error { return nil }

func (f *flow) start() {
	f.t.Helper()
	s, err := store.Open(f.t.Context(), f.dir, store.Options{ReserveBytes: -1})
	if err != nil {
		f.t.Fatal(err)
	}
	if err := s.ApplyConfigRooms(f.t.Context(), configRooms(f.cfg)); err != nil {
		f.t.Fatal(err)
	}
	f.engine, err = newEngine(f.cfg, s, admin.NewMetrics(), slog.New(slog.DiscardHandler), func(spec host.Spec, in host.Intake, w host.Watcher, _ host.Options) (Bridge, error) {
		p := f.pillars[spec.Account]
		p.in, p.watch = in, w
		return p, nil
	})
	if err != nil {
		f.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	f.end, f.ended = cancel, make(chan error, 1)
	go func(e *engine) { f.ended <- e.run(ctx) }(f.engine)
}

// kill pulls the store from under the router, so that nothing it still does is kept.
func (f *flow) kill() {
	if err := f.engine.store.Close(); err != nil {
		f.t.Fatal(err)
	}
	f.end()
	<-f.ended
	f.start()
}

func (f *flow) stop() {
	f.end()
	if err := errors.Join(<-f.ended, f.engine.store.Close()); err != nil {
		f.t.Error(err)
	}
}

// post lets somebody write one message, most of them with an attachment.
func (f *flow) post(n int) {
	e := errandOf{at: []chat.Account{"a", "b"}[f.rand.IntN(2)]}
	p, ref := f.pillars[e.at], fmt.Sprint("ref", n)
	content := chat.Content{Text: chat.Text{Body: fmt.Sprintf("#%d.", n)}}
	var b []byte
	switch f.rand.IntN(5) {
	case 0:
	case 1:
		e.kind, e.mime, b = chat.Photo, "image/jpeg", jpegOf(30+n, 20)
	case 2:
		e.kind, e.mime, b = chat.Photo, "image/jpeg", webpOf(30+n, 20)
	case 3:
		e.kind, e.mime, b = chat.File, "text/plain", fmt.Appendf(nil, "file %d", n)
	case 4:
		e.kind, e.gone = chat.File, true
	}
	if e.kind != "" {
		e.hash = hashOf(b)
		content.Media = []chat.Media{{Kind: e.kind, Ref: ref, Name: fmt.Sprintf("name%d", n)}}
	}
	if b != nil {
		fails := f.rand.IntN(3)
		p.behaves(ref, func(_ context.Context, n int) ([]byte, error) {
			if n <= fails {
				return nil, host.ErrNotConnected
			}
			return b, nil
		})
	}
	f.sent = append(f.sent, e)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inbox = append(p.inbox, chat.Event{Key: chat.EventKey(ref), At: time.Now(), Chat: chat.RemoteChat("chat of " + string(e.at)),
		Sender: chat.Sender{User: "u", Name: "Ana", Kind: chat.SenderUser}, Body: chat.MessageNew{ID: chat.RemoteMessage(ref), Content: content}})
}

// settle waits until nothing waits any more, and then for the last sweep.
func (f *flow) settle() {
	for range 600 {
		time.Sleep(time.Second)
		accounts, err := f.engine.store.Accounts(f.t.Context())
		if err != nil {
			f.t.Fatal(err)
		}
		waiting := 0
		for _, a := range accounts {
			waiting += a.Waiting
			p := f.pillars[a.Name]
			p.mu.Lock()
			waiting += len(p.inbox)
			p.mu.Unlock()
		}
		if waiting == 0 {
			time.Sleep(time.Minute)
			return
		}
	}
	f.t.Error("something waits for ever")
}

var markPattern = regexp.MustCompile(`#(\d+)\.`)

// check compares what was posted with what people see.
func (f *flow) check() {
	for name, p := range f.pillars {
		for _, w := range p.wrong {
			f.t.Error(w)
		}
		last, found := -1, map[int]bool{}
		for _, s := range p.seen {
			marks := markPattern.FindAllStringSubmatch(s.text, -1)
			if marks == nil {
				f.t.Errorf("%s shows %q", name, s.text)
			}
			for _, mark := range marks {
				n, _ := strconv.Atoi(mark[1]) // the pattern is digits
				if n < last {
					f.t.Errorf("%s shows %d after %d", name, n, last)
				}
				last, found[n] = n, true
				f.compare(n, s)
			}
		}
		for n, e := range f.sent {
			if e.at != name && !found[n] {
				f.t.Errorf("%s never shows %d, %+v", name, n, e)
			}
		}
	}
	if n := f.engine.spool.Used(); n != 0 {
		f.t.Errorf("%d bytes are left in the spool", n)
	}
}

func (f *flow) compare(n int, s sight) {
	e := f.sent[n]
	switch {
	case e.kind == "" || e.gone:
		if named := strings.Contains(s.text, fmt.Sprintf("name%d", n)); len(s.media) != 0 || named != e.gone {
			f.t.Errorf("%d, %+v, is shown as %q with %v", n, e, s.text, s.media)
		}
	case len(s.media) != 1 || s.media[0].Kind != e.kind || !strings.HasPrefix(s.media[0].MIME, e.mime):
		f.t.Errorf("%d, %+v, is shown as %q with %+v", n, e, s.text, s.media)
	case s.media[0].Hash != e.hash && e.kind != chat.Photo:
		f.t.Errorf("%d has other bytes: %+v", n, s.media)
	}
}
