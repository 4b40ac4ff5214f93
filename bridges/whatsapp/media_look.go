// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"bytes"
	"image"
	"image/jpeg"
	"io"
	"os"
	"sync"

	"golang.org/x/image/draw"
	"golang.org/x/image/webp"

	"github.com/causeway-chat/causeway/core/chat"
)

// What is looked at, and how small a picture goes along with a photo, for people to see before they have it.
const (
	maxDots       = 24_000_000 // of a picture that is decoded: some 100 MB
	maxFileBytes  = 32 << 20
	thumbnailSide = 100
	thumbnailLook = 50 // JPEG quality
	stickerSide   = 512
)

// looking lets one picture at a time into memory.
var looking sync.Mutex

// look learns the size of a picture that the router did not tell, and makes a small one of a photo. What cannot be read is sent
// as it is.
func look(f *os.File, m *chat.Media) (small []byte) {
	if st, err := f.Stat(); err != nil || st.Size() > maxFileBytes {
		return nil
	}
	switch m.Kind {
	case chat.Photo:
		return lookAtPhoto(f, m)
	case chat.Sticker:
		if c, err := webp.DecodeConfig(f); err == nil && m.Width == 0 {
			m.Width, m.Height = c.Width, c.Height
		}
		if m.Width == 0 {
			m.Width, m.Height = stickerSide, stickerSide
		}
	}
	return nil
}

func lookAtPhoto(f *os.File, m *chat.Media) (small []byte) {
	c, err := jpeg.DecodeConfig(f)
	if err != nil {
		return nil
	}
	m.Width, m.Height = c.Width, c.Height
	if _, err := f.Seek(0, io.SeekStart); err != nil || c.Width*c.Height > maxDots {
		return nil
	}
	looking.Lock()
	defer looking.Unlock()
	full, err := jpeg.Decode(f)
	if err != nil {
		return nil
	}
	return thumbnail(full)
}

// thumbnail is a small JPEG of a picture.
func thumbnail(full image.Image) []byte {
	size := full.Bounds().Size()
	longest := max(size.X, size.Y, 1)
	side := min(longest, thumbnailSide)
	to := image.NewRGBA(image.Rect(0, 0, max(size.X*side/longest, 1), max(size.Y*side/longest, 1)))
	draw.ApproxBiLinear.Scale(to, to.Bounds(), full, full.Bounds(), draw.Src, nil)
	var b bytes.Buffer
	if jpeg.Encode(&b, to, &jpeg.Options{Quality: thumbnailLook}) != nil {
		return nil
	}
	return b.Bytes()
}
