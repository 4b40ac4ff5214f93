// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/bridges/whatsapp/content"
	"github.com/causeway-chat/causeway/bridges/whatsapp/sim"
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/sdk"
)

// talking is a lab whose account is linked and a member of a group.
func talking(t *testing.T, opts sim.Options) (*lab, control.ChatID) {
	l := newLab(t, opts)
	l.pauses.phoneAnswer = 2 * time.Second
	l.paired()
	l.state(chat.Connected, "")
	return l, l.group(control.NewGroup{})
}

// sends lets Ana send a file, and returns what came up.
func (l *lab) sends(c control.ChatID, m control.Media) chat.Media {
	l.Helper()
	id, err := l.people.Post(l.Context(), control.Post{Chat: c, User: l.ana, Content: control.Content{Media: []control.Media{m}}})
	l.must(err)
	return l.hearsFile(id)
}

func (l *lab) hearsFile(id control.MessageID) chat.Media {
	l.Helper()
	ev := l.hears("the file", func(ev chat.Event) bool {
		m, ok := ev.Body.(chat.MessageNew)
		return ok && string(m.ID) == string(id)
	})
	media := ev.Body.(chat.MessageNew).Content.Media
	if len(media) != 1 {
		l.Fatalf("it came up as %+v", ev.Body)
	}
	return media[0]
}

func (l *lab) fetch(m chat.Media) ([]byte, error) {
	ctx, cancel := context.WithTimeout(l.Context(), patience)
	defer cancel()
	var out bytes.Buffer
	err := l.bridge.FetchMedia(ctx, m.Ref, &out)
	return out.Bytes(), err
}

// spool puts a file where the router has what it lets the bridge send.
func (l *lab) spool(m chat.Media, data []byte) chat.Media {
	l.Helper()
	sum := sha256.Sum256(data)
	m.Hash, m.Size = hex.EncodeToString(sum[:]), int64(len(data))
	l.must(os.WriteFile(filepath.Join(l.router.dir, "spool-"+m.Hash), data, 0o600))
	return m
}

func (l *lab) counters() control.Counters {
	l.Helper()
	c, err := l.people.Counters(l.Context())
	l.must(err)
	return c
}

func TestVoiceMessagesKeepTheirLengthAndWaveform(t *testing.T) {
	l, c := talking(t, sim.Options{})
	m := l.sends(c, control.Media{Kind: "voice", Data: []byte("OggS voice")})
	if m.Kind != chat.Voice || m.MIME != "audio/ogg" || m.Duration != 3*time.Second || len(m.Waveform) != 64 {
		t.Errorf("it came up as %+v", m)
	}
	data, err := l.fetch(m)
	if err != nil || string(data) != "OggS voice" {
		t.Errorf("%q, %v", data, err)
	}
	p := chat.Post{Chat: chat.RemoteChat(c), Media: []chat.Media{l.spool(m, data)}}
	if out := l.deliver(p, patience); out.Kind != chat.Delivered {
		t.Fatalf("%+v", out)
	}
	l.sees(c, "a voice message", func(s control.Seen) bool {
		return s.Account != "" && len(s.Media) == 1 && s.Media[0].Kind == "voice" && s.Media[0].SHA256 == p.Media[0].Hash
	})
}

func TestLargeFilesPassWhole(t *testing.T) {
	l, c := talking(t, sim.Options{})
	data := bytes.Repeat([]byte("0123456789abcdef"), 1<<19) // 8 MiB
	m := l.sends(c, control.Media{Kind: "file", Name: "large.bin", Data: data})
	got, err := l.fetch(m)
	if err != nil || !bytes.Equal(got, data) || m.Size != int64(len(data)) || m.Name != "large.bin" {
		t.Fatalf("%d bytes of %d, %v", len(got), m.Size, err)
	}
	p := chat.Post{Chat: chat.RemoteChat(c), Media: []chat.Media{l.spool(chat.Media{Kind: chat.File, Name: "back.bin", MIME: "application/zip"}, got)}}
	if out := l.deliver(p, patience); out.Kind != chat.Delivered {
		t.Fatalf("%+v", out)
	}
	l.sees(c, "the file", func(s control.Seen) bool {
		return s.Account != "" && len(s.Media) == 1 && s.Media[0].SHA256 == p.Media[0].Hash && s.Media[0].Name == "back.bin"
	})
	if left, err := filepath.Glob(filepath.Join(l.router.dir, uploadName)); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestFilesThatAreGoneComeFromThePhone(t *testing.T) {
	l, c := talking(t, sim.Options{})
	m := l.sends(c, control.Media{Kind: "photo", Data: []byte("an old picture")})
	f := l.fault(control.Fault{Kind: sim.MediaGone})
	if data, err := l.fetch(m); err != nil || string(data) != "an old picture" {
		t.Errorf("%q, %v", data, err)
	}
	l.struck(f)
	away := l.fault(control.Fault{Kind: sim.PhoneAway})
	if _, err := l.fetch(m); !errors.Is(err, errPhoneAway) || errors.Is(err, sdk.ErrMediaGone) {
		t.Errorf("without the phone: %v", err)
	}
	l.struck(away)
	l.must(l.people.ClearFault(t.Context(), away))
	lost, err := content.ParseRef(m.Ref)
	l.must(err)
	lost.ID = "3EB0NOBODY"
	m.Ref = lost.Ref()
	if _, err := l.fetch(m); !errors.Is(err, sdk.ErrMediaGone) {
		t.Errorf("a message that the phone does not have: %v", err)
	}
}

func TestBrokenDownloadsGoOnOrFailForSure(t *testing.T) {
	l, c := talking(t, sim.Options{})
	data := bytes.Repeat([]byte("picture "), 40_000)
	m := l.sends(c, control.Media{Kind: "photo", Data: data})
	for name, step := range map[string]struct {
		fault control.Fault
		good  bool
		want  error
	}{
		"cut twice":           {fault: control.Fault{Kind: sim.MediaCut, Count: 2}, good: true},
		"always cut":          {fault: control.Fault{Kind: sim.MediaCut}},
		"changed":             {fault: control.Fault{Kind: sim.MediaBad}, want: errDamaged},
		"unavailable at once": {fault: control.Fault{Kind: control.ServerError, Method: "download", Count: 2}, good: true},
		"unavailable":         {fault: control.Fault{Kind: control.ServerError, Method: "download"}},
		"reset":               {fault: control.Fault{Kind: control.ResetBefore, Method: "download", Count: 1}, good: true},
	} {
		f := l.fault(step.fault)
		got, err := l.fetch(m)
		if step.good != (err == nil) || step.good && !bytes.Equal(got, data) || step.want != nil && !errors.Is(err, step.want) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
		l.struck(f)
		l.must(l.people.ClearFault(t.Context(), f))
	}
}

func TestASilentDownloadEnds(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.pauses.silence = 50 * time.Millisecond
	l.paired()
	c := l.group(control.NewGroup{})
	m := l.sends(c, control.Media{Kind: "photo", Data: []byte("a picture")})
	f := l.fault(control.Fault{Kind: control.HangBefore, Method: "download"})
	if _, err := l.fetch(m); !errors.Is(err, sdk.ErrSilent) {
		t.Errorf("%v", err)
	}
	l.struck(f)
}

// limited takes some bytes and no more, as the router does.
type limited struct{ left int }

func (w *limited) Write(p []byte) (int, error) {
	if len(p) > w.left {
		return 0, sdk.ErrMediaTooLarge
	}
	w.left -= len(p)
	return len(p), nil
}

func TestWhatTheHeadSaysOfAFileBindsNobody(t *testing.T) {
	l, c := talking(t, sim.Options{})
	m := l.sends(c, control.Media{Kind: "file", Name: "a", Data: make([]byte, 200_000)})
	if err := l.bridge.FetchMedia(t.Context(), m.Ref, &limited{left: 100_000}); !errors.Is(err, sdk.ErrMediaTooLarge) {
		t.Errorf("more than the router allows: %v", err)
	}
	f, err := content.ParseRef(m.Ref)
	l.must(err)
	for size, want := range map[int64]error{0: nil, 1: nil, 1_900_000_000: nil, maxDocument + 1: sdk.ErrMediaTooLarge} {
		f.Size = size
		data, err := l.fetch(chat.Media{Ref: f.Ref()})
		if !errors.Is(err, want) || want == nil && len(data) != 200_000 {
			t.Errorf("said to have %d bytes: %d came, %v", size, len(data), err)
		}
	}
	f.Size, f.Path = 10, "@elsewhere.example/x"
	if _, err := l.fetch(chat.Media{Ref: f.Ref()}); !errors.Is(err, sdk.ErrMediaGone) {
		t.Errorf("from elsewhere: %v", err)
	}
	if _, err := l.fetch(chat.Media{Ref: "nonsense"}); !errors.Is(err, sdk.ErrMediaGone) {
		t.Errorf("a reference of nobody: %v", err)
	}
}

func TestUploadsThatFailAreTriedAgainOrRefused(t *testing.T) {
	l, c := talking(t, sim.Options{})
	m := l.spool(chat.Media{Kind: chat.Photo, MIME: "image/jpeg"}, photo(t, 30, 20))
	post := chat.Post{Chat: chat.RemoteChat(c), Media: []chat.Media{m}}
	for name, step := range map[string]struct {
		fault control.Fault
		want  chat.OutcomeKind
		code  string
	}{
		"unavailable at once":  {control.Fault{Kind: control.ServerError, Method: "upload", Code: 503, Count: 2}, chat.Delivered, ""},
		"unavailable":          {control.Fault{Kind: control.ServerError, Method: "upload", Code: 503}, chat.Retry, "upload_cut_off"},
		"other word of mouth":  {control.Fault{Kind: control.ServerError, Method: "upload", Code: 401, Count: 1}, chat.Delivered, ""},
		"larger than it takes": {control.Fault{Kind: control.ServerError, Method: "upload", Code: 413}, chat.Refused, "too_large"},
		"reset":                {control.Fault{Kind: control.ResetBefore, Method: "upload", Count: 1}, chat.Delivered, ""},
	} {
		f := l.fault(step.fault)
		if out := l.deliver(post, patience); out.Kind != step.want || out.Why.Code != step.code {
			t.Errorf("%s: %+v", name, out)
		}
		l.struck(f)
		l.must(l.people.ClearFault(t.Context(), f))
	}
	if out := l.deliverUntilStruck(post, control.Fault{Kind: control.HangBefore, Method: "upload"}); out.Kind != chat.Retry {
		t.Errorf("a silent server: %+v", out)
	}
	post.Media[0].Hash = "missing"
	if out := l.deliver(post, patience); out.Kind != chat.Refused || out.Why.Code != whyNoFile.Code {
		t.Errorf("a file that is not there: %+v", out)
	}
}

// TestARepeatedPostUploadsNothing: after a lost answer the same message goes out again, under the same id, which WhatsApp drops.
func TestARepeatedPostUploadsNothing(t *testing.T) {
	l, c := talking(t, sim.Options{})
	m := l.spool(chat.Media{Kind: chat.Photo, MIME: "image/jpeg"}, photo(t, 30, 20))
	post := chat.Post{Key: "the same", Chat: chat.RemoteChat(c), Media: []chat.Media{m}, Text: chat.Text{Body: "once"}, KeepUntil: time.Now().Add(time.Hour)}
	if out := l.deliverUntilStruck(post, control.Fault{Kind: control.HangAfter, Count: 1, Chat: c}); out.Kind != chat.Uncertain {
		t.Fatalf("%+v", out)
	}
	before := l.counters()
	post.Attempt = 2
	var out chat.Outcome
	l.until("that it goes out again", func() bool {
		out = l.deliver(post, patience)
		return out.Kind == chat.Delivered
	})
	if got := uploads(l.counters()) - uploads(before); got != 0 {
		t.Errorf("%d more uploads", got)
	}
	l.seesText(c, "once")
	view, err := l.people.See(t.Context(), control.See{Chat: c, User: l.ana})
	l.must(err)
	if len(view.Messages) != 1 {
		t.Errorf("it is seen %d times", len(view.Messages))
	}
}

func uploads(c control.Counters) int { return int(c.Requests["upload"]) }

func TestAlbumsHaveAHeadAndAnIDForEachItem(t *testing.T) {
	l, c := talking(t, sim.Options{})
	post := chat.Post{Chat: chat.RemoteChat(c), Text: chat.Text{Body: "of the second"}, TextAt: 1}
	for i := range 3 {
		post.Media = append(post.Media, l.spool(chat.Media{Kind: chat.Photo, MIME: "image/jpeg"}, photo(t, 30+i, 20)))
	}
	out := l.deliver(post, patience)
	if out.Kind != chat.Delivered || len(out.IDs) != 3 {
		t.Fatalf("%+v", out)
	}
	var album []string
	for i, id := range out.IDs {
		l.sees(c, fmt.Sprint("item ", i), func(s control.Seen) bool {
			if string(s.ID) != string(id) || len(s.Media) != 1 || s.Media[0].SHA256 != post.Media[i].Hash || (s.Text != "") != (i == 1) {
				return false
			}
			album = append(album, s.Album)
			return true
		})
	}
	if album[0] == "" || !cmp.Equal(album[:1], album[1:2]) || album[0] != album[2] {
		t.Errorf("the items belong to %q", album)
	}
}

func TestAnAlbumThatIsRefusedInTheMiddleTellsWhatWasTaken(t *testing.T) {
	l, c := talking(t, sim.Options{})
	l.says(c, "warm")
	post := chat.Post{Chat: chat.RemoteChat(c)}
	for i := range 3 {
		post.Media = append(post.Media, l.spool(chat.Media{Kind: chat.Photo, MIME: "image/jpeg"}, photo(t, 30+i, 20)))
	}
	f := l.fault(control.Fault{Kind: control.ServerError, Code: 404, Chat: c, Every: 3, Count: 1}) // after the head and the first item
	out := l.deliver(post, patience)
	l.struck(f)
	if out.Kind != chat.Refused || len(out.IDs) != 1 {
		t.Fatalf("%+v", out)
	}
	l.sees(c, "the first item", func(s control.Seen) bool { return string(s.ID) == string(out.IDs[0]) && len(s.Media) == 1 })
}

func TestCaptionsChangeAsLongAsTheMessageIsKept(t *testing.T) {
	l, c := talking(t, sim.Options{})
	m := l.spool(chat.Media{Kind: chat.Photo, MIME: "image/jpeg"}, photo(t, 30, 20))
	out := l.deliver(chat.Post{Chat: chat.RemoteChat(c), Media: []chat.Media{m}, Text: chat.Text{Body: "before"}, KeepUntil: time.Now().Add(time.Hour)}, patience)
	edit := chat.Post{Action: chat.ActEdit, Chat: chat.RemoteChat(c), Target: out.IDs, Media: []chat.Media{{Kind: chat.Photo}}, Text: chat.Text{Body: "after"}}
	if out := l.deliver(edit, patience); out.Kind != chat.Delivered {
		t.Fatalf("%+v", out)
	}
	l.sees(c, "the new caption", func(s control.Seen) bool {
		return s.Text == "after" && len(s.Media) == 1 && s.Media[0].SHA256 == m.Hash
	})
	l.must(l.bridge.running.Load().notes.eraseBodies(t.Context(), time.Now().Add(2*time.Hour)))
	if out := l.deliver(edit, patience); out.Kind != chat.Refused || out.Why.Sentence == "" {
		t.Errorf("without the message: %+v", out)
	}
}

func TestUploadsOfKilledProcessesAreRemoved(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"upload-1", "session.db"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	removeUploads(dir)
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(left) != 1 || filepath.Base(left[0]) != "session.db" {
		t.Errorf("left: %v, %v", left, err)
	}
}
