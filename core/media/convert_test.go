// SPDX-License-Identifier: Apache-2.0

package media

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	_ "golang.org/x/image/webp"

	"github.com/causeway-chat/causeway/core/chat"
)

// sent puts bytes into the spool and settles what they are, as after a fetch.
func sent(t testing.TB, s *Spool, k chat.MediaKind, b []byte) chat.Media {
	t.Helper()
	file := put(t, s, b)
	in, err := s.Open(file.Hash)
	must(t, err)
	defer in.Close()
	facts, err := Inspect(in, file.Size)
	must(t, err)
	m, code := Settle(chat.Media{Kind: k}, file, facts)
	if code != "" {
		t.Fatalf("the bytes are %s: %s", facts.MIME, code)
	}
	return m
}

func convert(t testing.TB, s *Spool, c *Converter, m chat.Media, f Form) (Made, error) {
	t.Helper()
	made, release, err := c.Convert(t.Context(), s, m, f)
	if err == nil {
		release()
	}
	return made, err
}

func picture(t testing.TB, s *Spool, hash string) image.Image {
	t.Helper()
	in, err := s.Open(hash)
	must(t, err)
	defer in.Close()
	img, _, err := image.Decode(in)
	must(t, err)
	return img
}

func TestPicturesBecomeWhatAChatTakes(t *testing.T) {
	noisy := noise(600, 400)
	for name, tt := range map[string]struct {
		bytes []byte
		kind  chat.MediaKind
		form  Form
		want  string
	}{
		"webp to jpeg":        {webpOf(t, quarters(60, 40)), chat.Photo, Form{Kind: chat.Photo, MIME: typeJPEG}, "image/jpeg 60x40"},
		"webp to png":         {webpOf(t, quarters(60, 40)), chat.Photo, Form{Kind: chat.Photo, MIME: typePNG}, "image/png 60x40"},
		"gif to jpeg":         {gifOf(t, 30, 20, 3), chat.Photo, Form{Kind: chat.Photo, MIME: typeJPEG}, "image/jpeg 30x20"},
		"sides":               {jpegOf(t, 900, 300), chat.Photo, Form{Kind: chat.Photo, MIME: typeJPEG, MaxSide: 400}, "image/jpeg 300x100"},
		"a little less":       {jpegOf(t, 900, 300), chat.Photo, Form{Kind: chat.Photo, MIME: typePNG, MaxSide: 1000}, "image/png 750x250"},
		"turned":              {turned(jpegOf(t, 60, 40), 6), chat.Photo, Form{Kind: chat.Photo, MIME: typePNG}, "image/png 40x60"},
		"turned and smaller":  {turned(jpegOf(t, 600, 400), 8), chat.Photo, Form{Kind: chat.Photo, MIME: typeJPEG, MaxSide: 500}, "image/jpeg 200x300"},
		"bytes, by quality":   {pngOf(t, noisy), chat.Photo, Form{Kind: chat.Photo, MIME: typeJPEG, MaxBytes: 200_000}, "image/jpeg 600x400"},
		"bytes, by sides too": {pngOf(t, noisy), chat.Photo, Form{Kind: chat.Photo, MIME: typeJPEG, MaxBytes: 20_000}, "image/jpeg 293x195"},
		"picture to sticker":  {pngOf(t, quarters(1024, 600)), chat.Sticker, Form{Kind: chat.Sticker, MIME: typeWebP, MaxSide: 1024}, "image/webp 512x300"},
		"moving to still":     {movingWebP(t, 50, 50), chat.Sticker, Form{Kind: chat.Photo, MIME: typePNG}, "image/png 50x50"},
		"one dot":             {pngOf(t, quarters(1, 1)), chat.Photo, Form{Kind: chat.Photo, MIME: typeJPEG, MaxSide: 1000}, "image/jpeg 1x1"},
		"a long line":         {pngOf(t, quarters(3000, 1)), chat.Photo, Form{Kind: chat.Photo, MIME: typeJPEG, MaxSide: 301}, "image/jpeg 300x1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSpool(t)
			m := sent(t, s, tt.kind, tt.bytes)
			tt.form.Convert = true
			made, err := convert(t, s, NewConverter(ConverterOptions{}), m, tt.form)
			must(t, err)
			if got := fmt.Sprintf("%s %dx%d", tt.form.MIME, made.Width, made.Height); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if tt.form.MaxBytes > 0 && made.Size > tt.form.MaxBytes {
				t.Errorf("%d bytes are over %d", made.Size, tt.form.MaxBytes)
			}
			if b := picture(t, s, made.Hash).Bounds(); b.Dx() != made.Width || b.Dy() != made.Height {
				t.Errorf("the picture is %v", b)
			}
		})
	}
}

func noise(w, h int) image.Image {
	r := rand.New(rand.NewPCG(1, 2))
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = byte(r.Uint32()) | 0xff*byte(one(i%4 == 3))
	}
	return img
}

// TestPicturesStandUpright looks at the corners of a picture in each of the eight orientations.
func TestPicturesStandUpright(t *testing.T) {
	names := map[color.NRGBA]string{corner(false, false): "red", corner(true, false): "green", corner(false, true): "blue", corner(true, true): "white"}
	want := map[uint16]string{1: "red green blue white", 2: "green red white blue", 3: "white blue green red", 4: "blue white red green",
		5: "red blue green white", 6: "blue red white green", 7: "white green blue red", 8: "green white red blue"}
	for o, want := range want {
		s := newSpool(t)
		made, err := convert(t, s, NewConverter(ConverterOptions{}), sent(t, s, chat.Photo, turned(jpegOf(t, 64, 32), o)), Form{Kind: chat.Photo, MIME: typePNG, Convert: true})
		must(t, err)
		img := picture(t, s, made.Hash)
		var got []string
		for _, p := range []image.Point{{4, 4}, {made.Width - 5, 4}, {4, made.Height - 5}, {made.Width - 5, made.Height - 5}} {
			got = append(got, nearest(names, img.At(p.X, p.Y)))
		}
		if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
			t.Errorf("orientation %d (-want +got)\n%s", o, diff)
		}
	}
}

func nearest(names map[color.NRGBA]string, c color.Color) string {
	r, g, b, _ := c.RGBA()
	bright := func(v uint32) uint8 { return 255 * uint8(one(v > 0x7fff)) }
	return names[color.NRGBA{bright(r), bright(g), bright(b), 255}]
}

func TestWhatIsTransparentBecomesWhiteInAJPEG(t *testing.T) {
	s := newSpool(t)
	m := sent(t, s, chat.Sticker, webpOf(t, image.NewNRGBA(image.Rect(0, 0, 8, 8))))
	made, err := convert(t, s, NewConverter(ConverterOptions{}), m, Form{Kind: chat.Photo, MIME: typeJPEG, Convert: true})
	must(t, err)
	if r, g, b, _ := picture(t, s, made.Hash).At(4, 4).RGBA(); min(r, g, b) < 0xf000 {
		t.Errorf("it is %x %x %x", r, g, b)
	}
}

func TestWhatCannotBeMadeHasACode(t *testing.T) {
	photo := Form{Kind: chat.Photo, MIME: typeJPEG, Convert: true}
	small := photo
	small.MaxBytes = 10
	for name, tt := range map[string]struct {
		bytes []byte
		opt   ConverterOptions
		form  Form
		want  string
	}{
		"too many dots":   {pngOf(t, quarters(600, 600)), ConverterOptions{MaxMemory: 1 << 20}, photo, CodeTooManyDots},
		"not to be read":  {append([]byte("GIF89a\x10\x00\x10\x00\x00\x00\x00"), make([]byte, 30)...), ConverterOptions{}, photo, CodeUnreadable},
		"never so small":  {pngOf(t, quarters(60, 60)), ConverterOptions{}, small, CodeDoesNotFit},
		"no ffmpeg":       {gifOf(t, 8, 8, 2), ConverterOptions{FFmpeg: "/nowhere/ffmpeg"}, Form{Kind: chat.Video, MIME: typeMP4, Convert: true, Moving: true}, CodeNoConverter},
		"ffmpeg fails":    {gifOf(t, 8, 8, 2), ConverterOptions{FFmpeg: script(t, "echo it is broken >&2; exit 1")}, Form{Kind: chat.Video, MIME: typeMP4, Convert: true, Moving: true}, CodeUnreadable},
		"ffmpeg is slow":  {gifOf(t, 8, 8, 2), ConverterOptions{FFmpeg: script(t, "while :; do sleep 1; done"), Timeout: 50 * time.Millisecond}, Form{Kind: chat.Video, MIME: typeMP4, Convert: true, Moving: true}, CodeTooSlow},
		"another type":    {gifOf(t, 8, 8, 2), ConverterOptions{FFmpeg: script(t, `for out; do :; done; echo "#!AMR" > "${out#file:}"`)}, Form{Kind: chat.Video, MIME: typeMP4, Convert: true, Moving: true}, CodeUnreadable},
		"nothing is made": {gifOf(t, 8, 8, 2), ConverterOptions{FFmpeg: script(t, "exit 0")}, Form{Kind: chat.Video, MIME: typeMP4, Convert: true, Moving: true}, CodeUnreadable},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSpool(t)
			file := put(t, s, tt.bytes)
			m := chat.Media{Kind: chat.Photo, MIME: sniff(tt.bytes), Hash: file.Hash, Size: file.Size}
			_, err := convert(t, s, NewConverter(tt.opt), m, tt.form)
			var failure *Failure
			if !errors.As(err, &failure) || failure.Code != tt.want {
				t.Errorf("got %v, want code %s", err, tt.want)
			}
			if got := listing(t, s); len(got) != 1 {
				t.Errorf("left %v", got)
			}
		})
	}
}

// script is a program that stands in for ffmpeg.
func script(t testing.TB, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ffmpeg")
	must(t, os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o700))
	return path
}

var film = Form{Kind: chat.Video, MIME: typeMP4, Convert: true, Moving: true}

func TestAConverterThatIsStoppedLeavesNoProcess(t *testing.T) {
	s, pid := newSpool(t), filepath.Join(t.TempDir(), "pid")
	c := NewConverter(ConverterOptions{FFmpeg: script(t, "sleep 1000 & echo $! > "+pid+".new; mv "+pid+".new "+pid+"; wait")})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	m := sent(t, s, chat.Animation, gifOf(t, 8, 8, 2))
	go func() {
		_, _, err := c.Convert(ctx, s, m, film)
		done <- err
	}()
	var child int
	await(t, "its child runs", func() bool {
		b, err := os.ReadFile(pid)
		_, serr := fmt.Sscan(string(b), &child)
		return err == nil && serr == nil
	})
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
	await(t, "its child has ended", func() bool { return ended(child) })
}

// ended reports whether a process is gone, or waits only for its parent to see it.
func ended(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil && syscall.Kill(pid, 0) != nil || strings.Contains(string(b), ") Z ")
}

// await waits for a condition of another process.
func await(t testing.TB, what string, met func() bool) {
	t.Helper()
	deadline := time.Now().Add(3 * time.Minute)
	for !met() {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain until ", what)
		}
		runtime.Gosched()
	}
}

func TestAConverterIsGivenNoSecretsAndOneFile(t *testing.T) {
	t.Setenv("CAUSEWAY_ACCOUNTS_TG_TOKEN", "marked-secret")
	s, told := newSpool(t), filepath.Join(t.TempDir(), "told")
	c := NewConverter(ConverterOptions{FFmpeg: script(t, `(env; echo "$@") > `+told+`; exit 1`)})
	m := sent(t, s, chat.Animation, gifOf(t, 8, 8, 2))
	if _, err := convert(t, s, c, m, film); err == nil {
		t.Error("it failed, and nobody was told")
	}
	b, err := os.ReadFile(told)
	must(t, err)
	if strings.Contains(string(b), "marked-secret") {
		t.Errorf("it was told a secret: %s", b)
	}
	for _, want := range []string{"-protocol_whitelist file", "-f gif -i file:" + filepath.Join(s.Dir(), chat.SpoolPath(m.Hash))} {
		if !strings.Contains(string(b), want) {
			t.Errorf("%q is missing in %s", want, b)
		}
	}
}

func TestAConverterCannotFillTheDisk(t *testing.T) {
	if runtime.GOOS != "linux" {
		return // only there a running program can be bounded
	}
	s := newSpool(t)
	// It begins to write once the bound must be there: that of a shell is seen by the shell itself.
	c := NewConverter(ConverterOptions{MaxBytes: 1 << 20, FFmpeg: script(t, `for out; do :; done
		while [ "$(ulimit -f)" = unlimited ]; do :; done
		head -c 100000000 /dev/zero > "${out#file:}"; stat -c %s "${out#file:}" > `+filepath.Join(s.Dir(), "size")+`; exit 1`)})
	m := sent(t, s, chat.Animation, gifOf(t, 8, 8, 2))
	if _, err := convert(t, s, c, m, film); err == nil {
		t.Error("it was taken")
	}
	b, err := os.ReadFile(filepath.Join(s.Dir(), "size"))
	must(t, err)
	if strings.TrimSpace(string(b)) != fmt.Sprint(1<<20) {
		t.Errorf("it wrote %s bytes", b)
	}
}

func TestConversionsTakeTurns(t *testing.T) {
	s := newSpool(t)
	c := NewConverter(ConverterOptions{})
	c.films <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	m := sent(t, s, chat.Photo, gifOf(t, 8, 8, 2))
	if _, _, err := c.Convert(ctx, s, m, film); !errors.Is(err, context.Canceled) {
		t.Errorf("did not wait its turn: %v", err)
	}
	if _, err := convert(t, s, c, m, Form{Kind: chat.Photo, MIME: typePNG, Convert: true}); err != nil {
		t.Errorf("a picture waits for a film: %v", err)
	}
}

func TestAFullSpoolIsNoFailureOfTheBytes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spool")
	m := sent(t, openSpool(t, dir, 0), chat.Photo, pngOf(t, quarters(8, 8)))
	_, err := convert(t, openSpool(t, dir, m.Size), NewConverter(ConverterOptions{}), m, Form{Kind: chat.Photo, MIME: typeJPEG, Convert: true})
	if !errors.Is(err, ErrNoRoom) {
		t.Errorf("got %v", err)
	}
}

// TestFilmsAndSoundsBecomeWhatAChatTakes makes each of them with ffmpeg; where that is not installed, all of them fail
// with the code that says so.
func TestFilmsAndSoundsBecomeWhatAChatTakes(t *testing.T) {
	moving := gifOf(t, 64, 33, 5)
	for name, tt := range map[string]struct {
		kind  chat.MediaKind
		bytes []byte
		form  Form
		want  string
	}{
		"gif to film":           {chat.Animation, moving, Form{Kind: chat.Animation, MIME: typeMP4, Moving: true}, "video/mp4 64x32"},
		"gif to smaller film":   {chat.Animation, moving, Form{Kind: chat.Animation, MIME: typeMP4, Moving: true, MaxSide: 48}, "video/mp4 30x16"},
		"gif to moving sticker": {chat.Animation, moving, Form{Kind: chat.Sticker, MIME: typeWebP, Moving: true}, "image/webp 512x512"},
		"sound to voice":        {chat.Audio, wav(), Form{Kind: chat.Voice, MIME: typeOpus}, "audio/ogg; codecs=opus 0x0"},
		"sound to m4a":          {chat.Audio, wav(), Form{Kind: chat.Audio, MIME: typeM4A}, "audio/mp4 0x0"},
		"sound to mp3":          {chat.Audio, wav(), Form{Kind: chat.Audio, MIME: typeMPEG}, "audio/mpeg 0x0"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSpool(t)
			tt.form.Convert = true
			made, err := convert(t, s, NewConverter(ConverterOptions{}), sent(t, s, tt.kind, tt.bytes), tt.form)
			if FFmpegPath() == "" {
				var failure *Failure
				if !errors.As(err, &failure) || failure.Code != CodeNoConverter {
					t.Errorf("without ffmpeg: %v", err)
				}
				return
			}
			must(t, err)
			if got := fmt.Sprintf("%s %dx%d", tt.form.MIME, made.Width, made.Height); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestLastWordsAreBounded(t *testing.T) {
	var said tail
	for range 100 {
		_, _ = said.Write(make([]byte, 100))
	}
	if _, _ = said.Write([]byte("the end")); len(said.last) != 1024 || !strings.HasSuffix(string(said.last), "the end") {
		t.Errorf("%d bytes are kept", len(said.last))
	}
}

func BenchmarkPhoto(b *testing.B) {
	s := newSpool(b)
	c := NewConverter(ConverterOptions{})
	m := sent(b, s, chat.Photo, jpegOf(b, 4000, 3000))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := convert(b, s, c, m, Form{Kind: chat.Photo, MIME: typeJPEG, MaxSide: 3000, Convert: true}); err != nil {
			b.Fatal(err)
		}
	}
}
