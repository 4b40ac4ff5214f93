// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"bytes"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"testing"

	"github.com/causeway-chat/causeway/core/chat"
)

func onDisk(t *testing.T, data []byte) *os.File {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func photo(t *testing.T, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, w, h)), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPhotosGoWithASmallPictureAndTheirSize(t *testing.T) {
	for _, size := range []image.Point{{X: 640, Y: 480}, {X: 30, Y: 20}, {X: 1, Y: 900}} {
		m := chat.Media{Kind: chat.Photo}
		small, err := jpeg.DecodeConfig(bytes.NewReader(look(onDisk(t, photo(t, size.X, size.Y)), &m)))
		if err != nil || max(small.Width, small.Height) > thumbnailSide || min(small.Width, small.Height) < 1 {
			t.Errorf("%v: a small picture of %dx%d, %v", size, small.Width, small.Height, err)
		}
		if m.Width != size.X || m.Height != size.Y {
			t.Errorf("%v: said to be %dx%d", size, m.Width, m.Height)
		}
	}
}

func TestWhatCannotBeLookedAtIsSentAsItIs(t *testing.T) {
	for name, c := range map[string]struct {
		kind chat.MediaKind
		data []byte
	}{
		"no picture":     {chat.Photo, []byte("no picture")},
		"cut off":        {chat.Photo, photo(t, 64, 64)[:200]},
		"nothing":        {chat.Photo, nil},
		"a sticker":      {chat.Sticker, []byte("RIFF")},
		"something else": {chat.File, photo(t, 64, 64)},
	} {
		m := chat.Media{Kind: c.kind}
		if small := look(onDisk(t, c.data), &m); small != nil {
			t.Errorf("%s: a small picture of %d bytes", name, len(small))
		}
	}
	m := chat.Media{Kind: chat.Sticker}
	look(onDisk(t, []byte("RIFF")), &m)
	if m.Width != stickerSide || m.Height != stickerSide {
		t.Errorf("a sticker of unknown size is said to be %dx%d", m.Width, m.Height)
	}
}
