// SPDX-License-Identifier: Apache-2.0

package media

import (
	"bytes"
	"errors"
	"image"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
)

func TestBytesTellWhatTheyAre(t *testing.T) {
	film := mp4Of("isom", "vide", 640, 360)
	for name, tt := range map[string]struct {
		bytes []byte
		want  Facts
	}{
		"photo":              {jpegOf(t, 40, 30), Facts{MIME: typeJPEG, Width: 40, Height: 30}},
		"photo, end missing": {cut(jpegOf(t, 40, 30), 2), Facts{MIME: typeJPEG, Width: 40, Height: 30, Code: CodeDamaged}},
		"photo, end missing, a small one in it": {cut(withThumbnail(jpegOf(t, 40, 30), jpegOf(t, 4, 4)), 2),
			Facts{MIME: typeJPEG, Width: 40, Height: 30, Code: CodeDamaged}},
		"photo, more after it": {append(jpegOf(t, 40, 30), "more"...), Facts{MIME: typeJPEG, Width: 40, Height: 30}},
		"photo, a film after it": {append(jpegOf(t, 40, 30), bytes.Repeat([]byte("film"), 100_000)...),
			Facts{MIME: typeJPEG, Width: 40, Height: 30}},
		"photo, a film instead of its end": {append(cut(jpegOf(t, 40, 30), 2), bytes.Repeat([]byte("film"), 100_000)...),
			Facts{MIME: typeJPEG, Width: 40, Height: 30, Code: CodeDamaged}},
		"png, much after it":   {append(pngOf(t, quarters(7, 9)), make([]byte, 200_000)...), Facts{MIME: typePNG, Width: 7, Height: 9}},
		"png":                  {pngOf(t, quarters(7, 9)), Facts{MIME: typePNG, Width: 7, Height: 9}},
		"png, end missing":     {cut(pngOf(t, quarters(7, 9)), 20), Facts{MIME: typePNG, Width: 7, Height: 9, Code: CodeDamaged}},
		"gif":                  {gifOf(t, 12, 10, 3), Facts{MIME: typeGIF, Width: 12, Height: 10}},
		"webp":                 {webpOf(t, quarters(33, 44)), Facts{MIME: typeWebP, Width: 33, Height: 44}},
		"webp that moves":      {movingWebP(t, 20, 21), Facts{MIME: typeWebP, Width: 20, Height: 21}},
		"webp, end missing":    {cut(webpOf(t, quarters(33, 44)), 3), Facts{MIME: typeWebP, Code: CodeDamaged}},
		"film":                 {film, Facts{MIME: typeMP4, Width: 640, Height: 360, Duration: 42 * time.Second}},
		"film, end missing":    {cut(film, 5), Facts{MIME: typeMP4, Width: 640, Height: 360, Duration: 42 * time.Second, Code: CodeDamaged}},
		"film, zeros after it": {append(film[:len(film):len(film)], make([]byte, 40)...), Facts{MIME: typeMP4, Width: 640, Height: 360, Duration: 42 * time.Second}},
		"film without a head":  {isoBox("ftyp", []byte("isom\x00\x00\x02\x00")), Facts{MIME: typeMP4, Code: CodeDamaged}},
		"quicktime":            {mp4Of("qt  ", "vide", 64, 36), Facts{MIME: "video/quicktime", Width: 64, Height: 36, Duration: 42 * time.Second}},
		"3gp":                  {mp4Of("3gp5", "vide", 64, 36), Facts{MIME: "video/3gpp", Width: 64, Height: 36, Duration: 42 * time.Second}},
		"m4a":                  {mp4Of("M4A ", "soun", 0, 0), Facts{MIME: typeM4A, Duration: 42 * time.Second}},
		"mp4 without pictures": {mp4Of("isom", "soun", 0, 0), Facts{MIME: typeM4A, Duration: 42 * time.Second}},
		"heic":                 {isoBox("ftyp", []byte("heic\x00\x00\x00\x00")), Facts{MIME: "image/heic"}},
		"webm":                 {[]byte("\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm"), Facts{MIME: typeWebM}},
		"matroska":             {[]byte("\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x88matroska"), Facts{MIME: typeMatroska}},
		"voice":                {opusHead(), Facts{MIME: typeOpus}},
		"vorbis":               {append(append([]byte("OggS"), make([]byte, 24)...), "\x01vorbis"...), Facts{MIME: typeVorbis}},
		"mp3":                  {[]byte{0xff, 0xfb, 0x90, 0x00, 0, 0}, Facts{MIME: typeMPEG}},
		"mp3 with a tag":       {[]byte("ID3\x04\x00\x00"), Facts{MIME: typeMPEG}},
		"aac":                  {[]byte{0xff, 0xf1, 0x50, 0x80, 0, 0}, Facts{MIME: "audio/aac"}},
		"wav":                  {wav(), Facts{MIME: "audio/wav"}},
		"flac":                 {[]byte("fLaC\x00\x00"), Facts{MIME: "audio/flac"}},
		"amr":                  {[]byte("#!AMR\n"), Facts{MIME: "audio/amr"}},
		"sticker, packed":      {tgsOf(t), Facts{MIME: typeTGS, Width: 512, Height: 512}},
		"packed, end missing":  {cut(tgsOf(t), 12), Facts{MIME: typeGzip, Code: CodeDamaged}},
		"packed text":          {gzipOf(t, []byte("no sticker")), Facts{MIME: typeGzip}},
		"packed nothing":       {gzipOf(t, nil), Facts{MIME: typeGzip}},
		"bomb":                 {gzipOf(t, append([]byte(`{"tgs":1,"v":"`), bytes.Repeat([]byte{'0'}, maxUnpacked+8192)...)), Facts{MIME: typeGzip, Code: CodeBomb}},
		"nothing":              {nil, Facts{MIME: typeBytes, Code: CodeEmpty}},
		"page of an error":     {[]byte("<html><body>404"), Facts{MIME: "text/html"}},
		"anything":             {[]byte{1, 2, 3}, Facts{MIME: typeBytes}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Inspect(bytes.NewReader(tt.bytes), int64(len(tt.bytes)))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func cut(b []byte, n int) []byte { return b[:len(b)-n] }

func TestAFailingDiskIsNoDamage(t *testing.T) {
	if _, err := Inspect(failing{}, 100); err == nil {
		t.Error("nobody was told")
	}
}

type failing struct{}

func (failing) ReadAt([]byte, int64) (int, error) { return 0, errors.New("disk") }

func TestWhatIsToldIsHeldAgainstTheBytes(t *testing.T) {
	file := File{Hash: strings.Repeat("a", 64), Size: 77}
	for name, tt := range map[string]struct {
		told  chat.Media
		facts Facts
		want  chat.Media
		code  string
	}{
		"a photo": {chat.Media{Kind: chat.Photo, MIME: "image/png", Width: 1, Height: 1, Size: 5}, Facts{MIME: typeJPEG, Width: 40, Height: 30},
			chat.Media{Kind: chat.Photo, MIME: typeJPEG, Width: 40, Height: 30}, ""},
		"a photo that is a film": {chat.Media{Kind: chat.Photo, MIME: typeJPEG}, Facts{MIME: typeMP4},
			chat.Media{Kind: chat.Photo, MIME: typeMP4}, CodeWrongType},
		"a video that is a page": {chat.Media{Kind: chat.Video, MIME: typeMP4}, Facts{MIME: "text/html"},
			chat.Media{Kind: chat.Video, MIME: "text/html"}, CodeWrongType},
		"a photo without its end": {chat.Media{Kind: chat.Photo}, Facts{MIME: typeJPEG, Code: CodeDamaged},
			chat.Media{Kind: chat.Photo, MIME: typeBytes}, CodeDamaged},
		"a bomb":                     {chat.Media{Kind: chat.Sticker, MIME: typeTGS}, Facts{MIME: typeGzip, Code: CodeBomb}, chat.Media{Kind: chat.Sticker, MIME: typeBytes}, CodeBomb},
		"a file without bytes":       {chat.Media{Kind: chat.File, MIME: "a/b"}, Facts{MIME: typeBytes, Code: CodeEmpty}, chat.Media{Kind: chat.File, MIME: "a/b"}, CodeEmpty},
		"a file keeps its type":      {chat.Media{Kind: chat.File, MIME: "application/pdf"}, Facts{MIME: typeJPEG, Width: 3, Height: 4}, chat.Media{Kind: chat.File, MIME: "application/pdf"}, ""},
		"a file with none gets one":  {chat.Media{Kind: chat.File, MIME: "rubbish"}, Facts{MIME: typeJPEG}, chat.Media{Kind: chat.File, MIME: typeJPEG}, ""},
		"a video learns its length":  {chat.Media{Kind: chat.Video}, Facts{MIME: typeMP4, Duration: time.Second}, chat.Media{Kind: chat.Video, MIME: typeMP4, Duration: time.Second}, ""},
		"a told length is not taken": {chat.Media{Kind: chat.Video, Duration: 2}, Facts{MIME: typeMP4, Duration: time.Second}, chat.Media{Kind: chat.Video, MIME: typeMP4, Duration: 2}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			tt.want.Hash, tt.want.Size = file.Hash, file.Size
			got, code := Settle(tt.told, file, tt.facts)
			if diff := cmp.Diff(tt.want, got); diff != "" || code != tt.code {
				t.Errorf("code %q, want %q (-want +got)\n%s", code, tt.code, diff)
			}
		})
	}
}

// FuzzInspect looks for bytes that make it panic, read for ever, or tell of sides and lengths that cannot be.
func FuzzInspect(f *testing.F) {
	for _, b := range [][]byte{jpegOf(f, 8, 8), turned(jpegOf(f, 8, 8), 6), pngOf(f, quarters(4, 4)), gifOf(f, 4, 4, 2), webpOf(f, quarters(4, 4)), movingWebP(f, 4, 4),
		mp4Of("isom", "vide", 64, 36), mp4Of("M4A ", "soun", 0, 0), tgsOf(f), gzipOf(f, nil), opusHead(), wav(), []byte("\x1a\x45\xdf\xa3")} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := Inspect(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		if got.Width < 0 || got.Height < 0 || got.Duration < 0 || got.MIME == "" {
			t.Errorf("%+v", got)
		}
	})
}

// FuzzPicture decodes what it may: bounded in memory, never in a panic, and what it makes can be decoded.
func FuzzPicture(f *testing.F) {
	for _, b := range [][]byte{turned(jpegOf(f, 16, 8), 6), pngOf(f, quarters(4, 4)), gifOf(f, 4, 4, 2), webpOf(f, quarters(4, 4)), movingWebP(f, 4, 4)} {
		f.Add(b)
	}
	c := NewConverter(ConverterOptions{MaxMemory: 1 << 20})
	form := Form{Kind: chat.Photo, MIME: typePNG, Convert: true, MaxSide: 64}
	f.Fuzz(func(t *testing.T, b []byte) {
		mime := sniff(b)
		if !still[mime] {
			return
		}
		in, out := scratch(t, b), scratch(t, nil)
		var failure *Failure
		err := c.picture(t.Context(), in, out, chat.Media{MIME: mime}, form)
		if err != nil && !errors.As(err, &failure) {
			t.Fatal(err)
		}
		if cfg, _, derr := image.DecodeConfig(out); err == nil && (derr != nil || cfg.Width+cfg.Height > 64) {
			t.Errorf("made %d by %d: %v", cfg.Width, cfg.Height, derr)
		}
	})
}

// scratch is a file that nobody syncs.
func scratch(t testing.TB, b []byte) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "scratch"))
	must(t, err)
	t.Cleanup(func() { _ = f.Close() })
	_, err = f.WriteAt(b, 0)
	must(t, err)
	return f
}

// TestUnpackingHoldsNothing packs far more than it may unpack to; all that is held is its beginning.
func TestUnpackingHoldsNothing(t *testing.T) {
	bomb := gzipOf(t, make([]byte, 2*maxUnpacked))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := unpack(bytes.NewReader(bomb)); !errors.Is(err, errBomb) {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 {
		t.Errorf("%d bytes were held", got)
	}
}
