// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/HugoSmits86/nativewebp"
	"github.com/causeway-chat/causeway/config"
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/command"
	"github.com/causeway-chat/causeway/core/media"
	"github.com/causeway-chat/causeway/core/outbox"
	"github.com/causeway-chat/causeway/core/room"
	"github.com/causeway-chat/causeway/core/store"
	"github.com/causeway-chat/causeway/plugins/host"
)

// shelf is a bridge's side of media: what stands behind each reference, and how it behaves.
type shelf struct {
	dir   string
	mu    sync.Mutex
	files map[string]func(ctx context.Context, n int) ([]byte, error) // by reference; n counts the calls
	calls map[string]int
	now   int
	most  int // calls at once
	lie   func(hash string, size int64) (string, int64)
}

func newShelf(dir string) *shelf {
	return &shelf{dir: dir, files: map[string]func(context.Context, int) ([]byte, error){}, calls: map[string]int{}}
}

// holds puts bytes behind a reference.
func (s *shelf) holds(ref string, b []byte) {
	s.behaves(ref, func(context.Context, int) ([]byte, error) { return b, nil })
}

func (s *shelf) behaves(ref string, f func(ctx context.Context, n int) ([]byte, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[ref] = f
}

// hangs brings nothing, ever.
func hangs(ctx context.Context, _ int) ([]byte, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (s *shelf) asked(ref string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[ref]
}

// FetchMedia does what a bridge process does.
func (s *shelf) FetchMedia(ctx context.Context, ref, name string, max int64) (string, int64, error) {
	s.mu.Lock()
	s.calls[ref]++
	s.now++
	if s.most < s.now {
		s.most = s.now
	}
	f, n := s.files[ref], s.calls[ref]
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.now--
	}()
	if f == nil {
		return "", 0, host.ErrMediaGone
	}
	b, err := f(ctx, n)
	switch {
	case err != nil:
		return "", 0, err
	case int64(len(b)) > max:
		return "", 0, host.ErrMediaTooLarge
	}
	if err := os.WriteFile(filepath.Join(s.dir, name), b, 0o600); err != nil {
		return "", 0, err
	}
	if s.lie != nil {
		hash, size := s.lie(hashOf(b), int64(len(b)))
		return hash, size, nil
	}
	return hashOf(b), int64(len(b)), nil
}

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func jpegOf(w, h int) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, w, h)), nil); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func webpOf(w, h int) []byte {
	var b bytes.Buffer
	if err := nativewebp.Encode(&b, image.NewNRGBA(image.Rect(0, 0, w, h)), nil); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// takesAll takes photos of one type and any file.
var takesAll = chat.Capabilities{Network: "to", Media: map[chat.MediaKind]chat.MediaLimit{
	chat.Photo: {Level: chat.Full, MIME: []string{"image/jpeg"}, MaxBytes: 1e6, MaxSide: 4000},
	chat.Video: {Level: chat.Full, MIME: []string{"video/mp4"}},
	chat.File:  {Level: chat.Full, MaxBytes: 50e6},
}}

// porterWorld is a porter with a store, a spool and one bridge, in a bubble of time.
type porterWorld struct {
	t        *testing.T
	store    *store.Store
	spool    *media.Spool
	shelves  map[chat.Account]*shelf
	porter   *porter
	opt      porterOptions
	room     chat.RoomID
	from, to chat.ChatID

	mu      sync.Mutex
	resumed map[outbox.LaneRef]int
	said    int
}

const testWait = 2 * time.Minute

// inWorld runs a test in a bubble.
func inWorld(t *testing.T, budget int64, test func(t *testing.T, w *porterWorld)) {
	synctest.Test(t, func(t *testing.T) {
		w := newPorterWorld(t, budget)
		t.Cleanup(w.end)
		test(t, w)
	})
}

func newPorterWorld(t *testing.T, budget int64) *porterWorld {
	t.Helper()
	dir := t.TempDir()
	s, err := store.Open(t.Context(), dir, store.Options{ReserveBytes: -1})
	if err != nil {
		t.Fatal(err)
	}
	spool, err := media.OpenSpool(filepath.Join(dir, spoolFolder), budget)
	if err != nil {
		t.Fatal(err)
	}
	w := &porterWorld{t: t, store: s, spool: spool, resumed: map[outbox.LaneRef]int{},
		shelves: map[chat.Account]*shelf{"from": newShelf(spool.Dir()), "other": newShelf(spool.Dir())}}
	w.opt = porterOptions{Spool: spool, Store: s, Wait: testWait, MaxSize: 10e6, Converter: media.NewConverter(media.ConverterOptions{}),
		Log: slog.New(slog.DiscardHandler), Resumed: w.noteResumed, Fetcher: func(a chat.Account) fetcher {
			if s := w.shelves[a]; s != nil {
				return s
			}
			return nil
		}}
	w.start()
	w.chats()
	return w
}

func (w *porterWorld) start() { w.porter = newPorter(w.opt) }

// restart ends the porter and begins another, which remembers nothing.
func (w *porterWorld) restart() {
	w.porter.close()
	w.start()
}

func (w *porterWorld) end() {
	w.porter.close()
	if err := errors.Join(w.spool.Close(), w.store.Close()); err != nil {
		w.t.Error(err)
	}
}

func (w *porterWorld) chats() {
	w.from, w.to = w.chat("from:1"), w.chat("to:2")
	w.write(func(tx *store.Tx) error {
		rm := room.Room{Name: "lobby"}
		if err := tx.CreateRoom(&rm); err != nil {
			return err
		}
		w.room = rm.ID
		for _, c := range []chat.ChatID{w.from, w.to} {
			if err := tx.LinkChat(room.Link{Chat: c, Room: rm.ID}); err != nil {
				return err
			}
		}
		return nil
	})
	if err := w.store.SetCapabilities(w.t.Context(), "to", "n", takesAll); err != nil {
		w.t.Fatal(err)
	}
}

// chat is a chat by its address.
func (w *porterWorld) chat(at string) (id chat.ChatID) {
	w.t.Helper()
	address, err := chat.ParseAddress(at)
	if err != nil {
		w.t.Fatal(err)
	}
	w.write(func(tx *store.Tx) error {
		c, err := tx.Chat(address, "n", "")
		id = c.ID
		return err
	})
	return id
}

func (w *porterWorld) write(f func(tx *store.Tx) error) {
	w.t.Helper()
	if err := w.store.Write(w.t.Context(), f); err != nil {
		w.t.Fatal(err)
	}
}

// say stores a message with attachments that is to be delivered.
func (w *porterWorld) say(attached ...chat.Media) chat.MessageID { return w.sayIn(w.from, attached...) }

func (w *porterWorld) sayIn(origin chat.ChatID, attached ...chat.Media) chat.MessageID {
	w.t.Helper()
	w.said++
	m := chat.Message{Room: w.room, Origin: origin, SentAt: time.Now(), Content: chat.Content{Media: attached}}
	w.write(func(tx *store.Tx) error {
		if err := tx.AddMessage(&m, chat.RemoteMessage(fmt.Sprint("r", w.said))); err != nil {
			return err
		}
		_, err := tx.Plan(w.to, chat.DeliverSend, m.ID, 0)
		return err
	})
	return m.ID
}

func (w *porterWorld) noteResumed(lanes ...outbox.LaneRef) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range lanes {
		w.resumed[l]++
	}
}

func (w *porterWorld) wasResumed(l outbox.LaneRef) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := w.resumed[l]
	delete(w.resumed, l)
	return n > 0
}

// settle lets everything come to rest that takes no time to speak of. A moment passes: the store may linger before a commit.
func (w *porterWorld) settle() {
	time.Sleep(10 * time.Millisecond) // the bubble's clock
	synctest.Wait()
}

// prepare asks as a lane does, inside a transaction and with what the store has now.
func (w *porterWorld) prepare(lane chat.ChatID, m chat.MessageID, n int, caps chat.Capabilities) (out chat.Media, ready bool) {
	w.t.Helper()
	w.write(func(tx *store.Tx) error {
		msg, _, err := tx.Message(m)
		if err == nil {
			out, ready = w.porter.Prepare(outbox.LaneRef{Lane: lane, Account: "to"}, m, n, msg.Content.Media[n], caps)
		}
		return err
	})
	return out, ready
}

// await asks whenever the lane is resumed, for as long as a lane would wait, and returns the last answer.
func (w *porterWorld) await(lane chat.ChatID, m chat.MessageID, n int, caps chat.Capabilities) (out chat.Media, took time.Duration) {
	w.t.Helper()
	begun, ready := time.Now(), false
	for {
		if out, ready = w.prepare(lane, m, n, caps); ready {
			return out, time.Since(begun)
		}
		for !w.wasResumed(outbox.LaneRef{Lane: lane, Account: "to"}) {
			if time.Since(begun) > 2*testWait {
				w.t.Fatal("nobody ever said that the lane should look again")
			}
			time.Sleep(100 * time.Millisecond) // the bubble's clock
		}
	}
}

func (w *porterWorld) photo(b []byte) chat.Media {
	ref := hashOf(b)[:8]
	w.shelves["from"].holds(ref, b)
	return chat.Media{Kind: chat.Photo, Ref: ref, Name: "a.jpg"}
}

func (w *porterWorld) bytesOf(m chat.Media) []byte {
	w.t.Helper()
	b, err := os.ReadFile(filepath.Join(w.spool.Dir(), chat.SpoolPath(m.Hash)))
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

// storeRow is what causeway status says of the store.
func (w *porterWorld) storeRow() (row command.StoreRow) {
	newDesk(&engine{store: w.store, porter: w.porter}, &config.Config{DataDir: filepath.Dir(w.spool.Dir())}).storeRow(&row)
	return row
}
