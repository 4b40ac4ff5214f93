// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"image"
	"image/color"
	"image/jpeg"
	"testing"

	"github.com/HugoSmits86/nativewebp"
)

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// fileOf is a file of a type that nothing need be made of anew; each seed makes another.
func fileOf(t *testing.T, mime, seed string) []byte {
	t.Helper()
	var b bytes.Buffer
	switch mime {
	case "image/jpeg":
		must(t, jpeg.Encode(&b, picture(64, seed), nil))
	case "image/webp":
		must(t, nativewebp.Encode(&b, picture(512, seed), nil))
	case "video/mp4":
		b.Write(film(seed))
	case "audio/ogg":
		b.Write(voiceNote(seed))
	case "audio/mpeg":
		b.WriteString("ID3\x03\x00\x00\x00\x00\x00\x00" + seed)
	default:
		b.WriteString("%PDF-1.4\n" + seed)
	}
	return b.Bytes()
}

func picture(side int, seed string) image.Image {
	sum := sha256.Sum256([]byte(seed))
	img := image.NewNRGBA(image.Rect(0, 0, side, side))
	for i := range side * side {
		img.SetNRGBA(i%side, i/side, color.NRGBA{R: sum[0], G: sum[i/side*32/side], B: sum[i%side*32/side], A: 255})
	}
	return img
}

// box is a box of an ISO media file.
func box(name string, body ...[]byte) []byte {
	inside := bytes.Join(body, nil)
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(len(inside)+8)), name...), inside...)
}

// film is the outside of a film of 3 seconds: what players would play is missing.
func film(seed string) []byte {
	mvhd, tkhd := make([]byte, 100), make([]byte, 84)
	binary.BigEndian.PutUint32(mvhd[12:], 1000)
	binary.BigEndian.PutUint32(mvhd[16:], 3000)
	binary.BigEndian.PutUint32(tkhd[76:], 240<<16)
	binary.BigEndian.PutUint32(tkhd[80:], 240<<16)
	track := box("trak", box("tkhd", tkhd), box("mdia", box("hdlr", append(make([]byte, 8), "vide\x00\x00\x00\x00"...))))
	return bytes.Join([][]byte{box("ftyp", []byte("isom\x00\x00\x02\x00isom")), box("moov", box("mvhd", mvhd), track), box("mdat", []byte(seed))}, nil)
}
