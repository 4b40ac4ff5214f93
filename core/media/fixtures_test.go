// SPDX-License-Identifier: Apache-2.0

package media

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math"
	"testing"

	"github.com/HugoSmits86/nativewebp"
)

// quarters is a picture of four colours: red, green, blue and, at the bottom right, white.
func quarters(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetNRGBA(x, y, corner(x >= w/2, y >= h/2))
		}
	}
	return img
}

func corner(right, down bool) color.NRGBA {
	switch {
	case right && down:
		return color.NRGBA{255, 255, 255, 255}
	case right:
		return color.NRGBA{0, 255, 0, 255}
	case down:
		return color.NRGBA{0, 0, 255, 255}
	}
	return color.NRGBA{255, 0, 0, 255}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func jpegOf(t testing.TB, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, jpeg.Encode(&b, quarters(w, h), &jpeg.Options{Quality: 95}))
	return b.Bytes()
}

// turned adds an EXIF segment with an orientation to a JPEG.
func turned(jpeg []byte, orientation uint16) []byte {
	exif := append([]byte("Exif\x00\x00"), tiff(orientation)...)
	segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(exif)+2))
	return append(append(append([]byte{0xff, 0xd8}, segment...), exif...), jpeg[2:]...)
}

// withThumbnail puts a small JPEG into a segment of another.
func withThumbnail(jpeg, small []byte) []byte {
	segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xe2}, uint16(len(small)+2))
	return append(append(append([]byte{0xff, 0xd8}, segment...), small...), jpeg[2:]...)
}

func tiff(orientation uint16) []byte {
	b := []byte("MM\x00\x2a\x00\x00\x00\x08\x00\x01")
	b = append(b, 0x01, 0x12, 0, 3, 0, 0, 0, 1)
	b = binary.BigEndian.AppendUint16(b, orientation)
	return append(b, 0, 0, 0, 0, 0, 0)
}

func pngOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, png.Encode(&b, img))
	return b.Bytes()
}

func webpOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, nativewebp.Encode(&b, img, nil))
	return b.Bytes()
}

// movingWebP is a WebP of one frame that says that it moves.
func movingWebP(t testing.TB, w, h int) []byte {
	t.Helper()
	side := func(n int) []byte { return []byte{byte(n - 1), byte((n - 1) >> 8), 0} }
	frame := bytes.Join([][]byte{make([]byte, 6), side(w), side(h), {100, 0, 0, 0}, webpOf(t, quarters(w, h))[12:]}, nil)
	body := bytes.Join([][]byte{[]byte("WEBP"), riffChunk("VP8X", []byte{2, 0, 0, 0}, side(w), side(h)), riffChunk("ANIM", make([]byte, 6)), riffChunk("ANMF", frame)}, nil)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

func riffChunk(name string, body ...[]byte) []byte {
	inside := bytes.Join(body, nil)
	b := append(binary.LittleEndian.AppendUint32([]byte(name), uint32(len(inside))), inside...)
	return append(b, make([]byte, len(inside)&1)...)
}

func gifOf(t testing.TB, w, h, frames int) []byte {
	t.Helper()
	g := &gif.GIF{}
	for n := range frames {
		p := image.NewPaletted(image.Rect(0, 0, w, h), color.Palette{color.Black, color.White})
		p.SetColorIndex(n, n, 1)
		g.Image, g.Delay = append(g.Image, p), append(g.Delay, 10)
	}
	var b bytes.Buffer
	must(t, gif.EncodeAll(&b, g))
	return b.Bytes()
}

func gzipOf(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, err := z.Write(b)
	must(t, err)
	must(t, z.Close())
	return out.Bytes()
}

func tgsOf(t testing.TB) []byte {
	return gzipOf(t, []byte(`{"tgs":1,"v":"5.5.2","fr":60,"ip":0,"op":60,"w":512,"h":512,"layers":[]}`))
}

// wav is a second of a tone.
func wav() []byte {
	const rate = 8000
	b := []byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00")
	b = binary.LittleEndian.AppendUint32(b, rate)
	b = binary.LittleEndian.AppendUint32(b, rate*2)
	b = append(b, 2, 0, 16, 0)
	b = append(b, "data"...)
	b = binary.LittleEndian.AppendUint32(b, rate*2)
	for i := range rate {
		b = binary.LittleEndian.AppendUint16(b, uint16(int16(8000*math.Sin(float64(i)*440*2*math.Pi/rate))))
	}
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
	return b
}

// isoBox is a box of an ISO media file.
func isoBox(name string, body ...[]byte) []byte {
	inside := bytes.Join(body, nil)
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(len(inside)+8)), name...), inside...)
}

// mp4Of is the outside of a film: what players would play is missing.
func mp4Of(brand, handler string, w, h uint32) []byte {
	mvhd := make([]byte, 100)
	binary.BigEndian.PutUint32(mvhd[12:], 1000)
	binary.BigEndian.PutUint32(mvhd[16:], 42_000)
	tkhd := make([]byte, 84)
	binary.BigEndian.PutUint32(tkhd[76:], w<<16)
	binary.BigEndian.PutUint32(tkhd[80:], h<<16)
	hdlr := append(make([]byte, 8), handler+"\x00\x00\x00\x00"...)
	track := isoBox("trak", isoBox("tkhd", tkhd), isoBox("mdia", isoBox("hdlr", hdlr)))
	return bytes.Join([][]byte{isoBox("ftyp", []byte(brand+"\x00\x00\x02\x00isom")), isoBox("moov", isoBox("mvhd", mvhd), track), isoBox("mdat", make([]byte, 64))}, nil)
}

func opusHead() []byte {
	return append(append([]byte("OggS\x00\x02"), make([]byte, 22)...), "OpusHead\x01\x01"...)
}
