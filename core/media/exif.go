// SPDX-License-Identifier: Apache-2.0

package media

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/draw"
)

// orientation reads how a picture must be turned, 1 to 8 as EXIF counts, from the first bytes of a JPEG or the EXIF chunk
// of a WebP. 1, as it is, when nothing is said.
func orientation(t string, head []byte) int {
	var exif []byte
	switch t {
	case typeJPEG:
		exif = jpegEXIF(head)
	case typeWebP:
		exif = webpChunk(head, "EXIF")
	}
	if o := tiffOrientation(bytes.TrimPrefix(exif, []byte("Exif\x00\x00"))); o >= 1 && o <= 8 {
		return o
	}
	return 1
}

// segments visits the segments of a JPEG before its picture, until visit returns true, and returns where it ended.
func segments(head []byte, visit func(marker byte, data []byte) (stop bool)) int {
	at := 2
	for at+4 <= len(head) && head[at] == 0xff {
		size := int(binary.BigEndian.Uint16(head[at+2:]))
		if size < 2 || at+2+size > len(head) || visit(head[at+1], head[at+4:at+2+size]) {
			break
		}
		at += 2 + size
	}
	return at
}

// jpegEXIF finds the segment with the EXIF data.
func jpegEXIF(head []byte) (exif []byte) {
	segments(head, func(marker byte, data []byte) bool {
		if marker == 0xe1 && bytes.HasPrefix(data, []byte("Exif\x00\x00")) {
			exif = data
		}
		return exif != nil || marker == startOfScan
	})
	return exif
}

// The markers of a JPEG that matter here.
const (
	startOfScan        = 0xda
	startOfProgressive = 0xc2
)

// scan is where the picture itself begins.
func scan(head []byte) int64 {
	return int64(segments(head, func(marker byte, _ []byte) bool { return marker == startOfScan }))
}

// progressive reports whether a JPEG comes in scans over the whole picture.
func progressive(head []byte) (yes bool) {
	segments(head, func(marker byte, _ []byte) bool {
		yes = yes || marker == startOfProgressive
		return marker == startOfScan
	})
	return yes
}

// webpChunk finds a chunk of a WebP file.
func webpChunk(file []byte, name string) []byte {
	for at := 12; at+8 <= len(file); {
		size := int64(binary.LittleEndian.Uint32(file[at+4:]))
		if size > int64(len(file)-at-8) {
			return nil
		}
		if string(file[at:at+4]) == name {
			return file[at+8 : at+8+int(size)]
		}
		at += 8 + int(size+size&1)
	}
	return nil
}

// tagOrientation is the number of the entry that tells it.
const tagOrientation = 0x0112

// tiffOrientation reads the entry from the first directory; 0 when there is none.
func tiffOrientation(b []byte) int {
	if len(b) < 8 {
		return 0
	}
	var order binary.ByteOrder = binary.LittleEndian
	if string(b[:2]) == "MM" {
		order = binary.BigEndian
	}
	at := int64(order.Uint32(b[4:]))
	if at+2 > int64(len(b)) {
		return 0
	}
	entries := b[at+2:]
	for range order.Uint16(b[at:]) {
		if len(entries) < 12 {
			return 0
		}
		if order.Uint16(entries) == tagOrientation {
			return int(order.Uint16(entries[8:]))
		}
		entries = entries[12:]
	}
	return 0
}

// upright turns a picture as its orientation says.
func upright(src *image.RGBA, o int) *image.RGBA {
	if o == 1 {
		return src
	}
	w, h := src.Rect.Dx(), src.Rect.Dy()
	if o >= 5 {
		w, h = h, w
	}
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			sx, sy := source(o, x, y, w, h)
			copy(dst.Pix[dst.PixOffset(x, y):][:4], src.Pix[src.PixOffset(src.Rect.Min.X+sx, src.Rect.Min.Y+sy):][:4])
		}
	}
	return dst
}

// source is where the dot at (x, y) of an upright picture of w by h dots comes from.
func source(o, x, y, w, h int) (sx, sy int) {
	right, down := w-1-x, h-1-y
	switch o {
	case 2:
		return right, y
	case 3:
		return right, down
	case 4:
		return x, down
	case 5:
		return y, x
	case 6:
		return y, right
	case 7:
		return down, right
	case 8:
		return down, x
	}
	return x, y
}

// onWhite puts a picture on white ground, for types that know no transparency.
func onWhite(src *image.RGBA) image.Image {
	if src.Opaque() {
		return src
	}
	dst := image.NewRGBA(src.Rect)
	draw.Draw(dst, dst.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(dst, dst.Rect, src, src.Rect.Min, draw.Over)
	return dst
}
