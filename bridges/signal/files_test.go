// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/bridges/signal/sim"
	control "github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/sdk"
)

// spooled puts bytes into the spool.
func (l *lab) spooled(kind chat.MediaKind, mime, name string, data []byte) chat.Media {
	l.Helper()
	sum := sha256.Sum256(data)
	m := chat.Media{Kind: kind, MIME: mime, Name: name, Hash: hex.EncodeToString(sum[:]), Size: int64(len(data))}
	path := filepath.Join(l.router.spool, filepath.FromSlash(chat.SpoolPath(m.Hash)))
	l.must(os.MkdirAll(filepath.Dir(path), 0o700))
	l.must(os.WriteFile(path, data, 0o600))
	return m
}

// incoming waits for a message with a file.
func (l *lab) incoming(text string) (found chat.Media) {
	l.Helper()
	l.router.until(l.T, "the file of "+text, func() bool {
		for _, e := range l.router.events {
			if m, ok := e.Body.(chat.MessageNew); ok && m.Content.Text.Body == text && len(m.Content.Media) == 1 {
				found = m.Content.Media[0]
				return true
			}
		}
		return false
	})
	return found
}

func TestFilesCrossWithAndWithoutSharedFolders(t *testing.T) {
	for _, shared := range []bool{true, false} {
		for _, rpc := range []string{"unix", "http"} {
			t.Run(fmt.Sprintf("shared=%t over %s", shared, rpc), func(t *testing.T) {
				opts := sim.Options{RPC: rpc}
				if shared {
					opts.Files = t.TempDir()
				}
				l := newLab(t, opts)
				l.connected()
				data := bytes.Repeat([]byte("large enough for several buffers \n"), 40_000) // 1.4 MB
				_, err := l.people.Post(t.Context(), control.Post{Chat: l.group, User: l.ana, Content: control.Content{Text: "a file",
					Media: []control.Media{{Kind: "file", Name: "notes.txt", MIME: "text/plain", Data: data}}}})
				l.must(err)
				var got bytes.Buffer
				l.must(l.bridge.FetchMedia(t.Context(), l.incoming("a file").Ref, &got))
				if !bytes.Equal(got.Bytes(), data) {
					t.Errorf("%d bytes came of %d", got.Len(), len(data))
				}
				m := l.spooled(chat.File, "text/plain", "notes.txt", data)
				if out := l.deliver(chat.Post{Key: "k", Text: chat.Text{Body: "back"}, Media: []chat.Media{m}}); out.Kind != chat.Delivered {
					t.Fatalf("%+v", out)
				}
				if s := l.seen("back"); len(s.Media) != 1 || s.Media[0].SHA256 != m.Hash || s.Media[0].Name != "notes.txt" {
					t.Errorf("%+v", s.Media)
				}
				if shared {
					if left, _ := filepath.Glob(filepath.Join(opts.Files, "*")); len(left) > 0 {
						t.Errorf("copies are left: %v", left)
					}
				}
			})
		}
	}
}

func TestAFileThatCouldNotBeDownloadedIsGone(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.connected()
	l.fault(control.Fault{Kind: sim.NoDownload, Chat: l.group})
	_, err := l.people.Post(t.Context(), control.Post{Chat: l.group, User: l.ana, Content: control.Content{Text: "lost file", Media: []control.Media{{Kind: "photo", MIME: "image/jpeg", Data: []byte("x")}}}})
	l.must(err)
	for _, ref := range []string{l.incoming("lost file").Ref, "nonsense", "file:../../etc/passwd"} {
		if err := l.bridge.FetchMedia(t.Context(), ref, &bytes.Buffer{}); !errors.Is(err, sdk.ErrMediaGone) {
			t.Errorf("%s: %v", ref, err)
		}
	}
}

func TestTheDaemonsFilesAreRemovedInTime(t *testing.T) {
	dir, list := t.TempDir(), filepath.Join(t.TempDir(), "list")
	for _, name := range []string{"ours", "somebody else's"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := newShelf(dir, list)
	s.note([]string{"ours"})
	if err := s.clear(time.Now()); err != nil {
		t.Fatal(err)
	}
	s = newShelf(dir, list) // another life
	f, err := s.open("ours")
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if err := s.clear(time.Now().Add(shelfLife + time.Second)); err != nil {
		t.Fatal(err)
	}
	left, _ := os.ReadDir(dir)
	if len(left) != 1 || left[0].Name() != "somebody else's" {
		t.Errorf("left: %v", left)
	}
}

func TestAnEditOfACaptionBringsTheFilesAgain(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.connected()
	m := l.spooled(chat.Photo, "image/jpeg", "", []byte("a picture"))
	sent := l.deliver(chat.Post{Key: "k", Text: chat.Text{Body: "before"}, Media: []chat.Media{m, m}, KeepUntil: time.Now().Add(time.Hour)})
	if sent.Kind != chat.Delivered || len(sent.IDs) != 2 || sent.IDs[0] != sent.IDs[1] {
		t.Fatalf("%+v", sent)
	}
	edit := chat.Post{Action: chat.ActEdit, Target: sent.IDs[:1], Text: chat.Text{Body: "after"}, Media: []chat.Media{{Kind: chat.Photo}}}
	if out := l.deliver(edit); out.Kind != chat.Delivered {
		t.Fatalf("%+v", out)
	}
	if s := l.seen("after"); len(s.Media) != 2 {
		t.Errorf("%+v", s)
	}
	if out := l.deliver(chat.Post{Action: chat.ActDelete, Target: sent.IDs[:1]}); out.Kind != chat.Delivered {
		t.Fatalf("%+v", out)
	}
	if left, _ := os.ReadDir(filepath.Join(l.router.dir, "sent")); len(left) > 0 {
		t.Errorf("files are left of a message that was deleted: %v", left)
	}
}

func TestFilesKeptForEditsAreBoundedAndGoInTime(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(file, make([]byte, 60), 0o600); err != nil {
		t.Fatal(err)
	}
	open := func(chat.Media) (*os.File, error) { return os.Open(file) }
	k := newKept(dir, 100)
	post := chat.Post{KeepUntil: time.Now().Add(time.Hour), Media: []chat.Media{{Kind: chat.Photo}}}
	id := func(n int) []chat.RemoteMessage {
		return []chat.RemoteMessage{chat.RemoteMessage(fmt.Sprintf("%s/%d", ana, n))}
	}
	for n := range 3 {
		if err := k.keep(post, id(n)[0], open); err != nil {
			t.Fatal(err)
		}
	}
	k = newKept(dir, 100)
	for n, want := range []bool{false, false, true} {
		if _, ok := k.find(id(n)); ok != want {
			t.Errorf("message %d is kept: %t", n, ok)
		}
	}
	post.KeepUntil = time.Now().Add(-time.Second)
	if err := k.keep(post, id(9)[0], open); err != nil {
		t.Fatal(err)
	}
	if _, ok := k.find(id(9)); ok {
		t.Error("it is kept longer than allowed")
	}
}

// TestFilesKeptForEditsGoByThemselves: nothing is sent any more, and no edit comes.
func TestFilesKeptForEditsGoByThemselves(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.connected()
	m := l.spooled(chat.Photo, "image/jpeg", "", []byte("a picture"))
	if out := l.deliver(chat.Post{Key: "k", Media: []chat.Media{m}, KeepUntil: time.Now().Add(time.Second)}); out.Kind != chat.Delivered {
		t.Fatalf("%+v", out)
	}
	deadline, tick := time.After(patience), time.NewTicker(10*time.Millisecond)
	defer tick.Stop()
	for {
		left, err := os.ReadDir(filepath.Join(l.router.dir, "sent"))
		if err != nil || len(left) == 0 {
			l.must(err)
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("files are kept for longer than the router allows: %v", left)
		}
	}
}

func TestManyFilesOfOneNameKeepIt(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	a := &account{cfg: settings{FilesDir: t.TempDir()}, log: slog.New(slog.DiscardHandler)}
	media := slices.Repeat([]chat.Media{{Kind: chat.Photo, MIME: "image/jpeg"}}, maxAlbum)
	h, why := a.copyOut(media, func(int) (*os.File, error) { return os.Open(file) })
	if why.Code != "" || len(h.paths) != maxAlbum {
		t.Fatalf("%v; %d files", why, len(h.paths))
	}
	for _, path := range h.paths {
		if st, err := os.Stat(path); err != nil || st.Size() != 1 || filepath.Base(path) != "photo.jpg" {
			t.Errorf("%s: %v", path, err)
		}
	}
	h.remove()
	if left, err := os.ReadDir(a.cfg.FilesDir); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

func TestFileNamesAreHarmless(t *testing.T) {
	for name, want := range map[string]string{
		"../../etc/passwd": "passwd", "a\u202eb": "ab", "": "voice.aac", " . ": "voice.aac", "مرحبا.pdf": "مرحبا.pdf",
		strings.Repeat("x", 300) + ".pdf": strings.Repeat("x", maxName-4) + ".pdf",
	} {
		if got := fileName(chat.Media{Kind: chat.Voice, MIME: "audio/aac", Name: name}); got != want {
			t.Errorf("%q becomes %q, want %q", name, got, want)
		}
	}
}

func TestFilesAreDecodedAsTheyCome(t *testing.T) {
	data := bytes.Repeat([]byte{0, 1, 2, 255}, 50_000)
	text := base64.StdEncoding.EncodeToString(data)
	for name, answer := range map[string]string{
		"plain":   `{"jsonrpc":"2.0","result":{"data":"` + text + `"},"id":1}`,
		"slashes": `{"id":1,"result":{"data":"` + strings.ReplaceAll(text, "/", `\/`) + `"}}`,
	} {
		var out bytes.Buffer
		if err := decodeFile(strings.NewReader(answer), &out); err != nil || !bytes.Equal(out.Bytes(), data) {
			t.Errorf("%s: %d bytes, %v", name, out.Len(), err)
		}
	}
	for name, answer := range map[string]string{
		"cut": `{"result":{"data":"` + text[:5000], "no file": `{"result":{}}`, "no base64": `{"result":{"data":"***"}}`, "empty": "",
	} {
		if err := decodeFile(strings.NewReader(answer), &bytes.Buffer{}); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
