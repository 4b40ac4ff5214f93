// SPDX-License-Identifier: Apache-2.0

package media

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"time"
)

// webp reads the size of a WebP picture, and whether all of it is there.
func (v *view) webp(f *Facts) {
	head := v.at(0, 40)
	if len(head) < 30 || int64(binary.LittleEndian.Uint32(head[4:]))+8 > v.size {
		f.Code = CodeDamaged
		return
	}
	if f.Width, f.Height = webpSize(head); f.Width == 0 || f.Height == 0 {
		f.Code = CodeDamaged
	}
}

// webpSize reads the size from the first chunk; 0 when there is none.
func webpSize(head []byte) (w, h int) {
	body := head[20:]
	switch string(head[12:16]) {
	case "VP8X":
		return 1 + little24(body[4:]), 1 + little24(body[7:])
	case "VP8L":
		bits := binary.LittleEndian.Uint32(body[1:])
		return 1 + int(bits&0x3fff), 1 + int(bits>>14&0x3fff)
	case "VP8 ":
		return int(binary.LittleEndian.Uint16(body[6:]) & 0x3fff), int(binary.LittleEndian.Uint16(body[8:]) & 0x3fff)
	}
	return 0, 0
}

func little24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

// The bounds of what is read of an ISO media file.
const (
	maxBoxes = 4096
	maxDepth = 4
)

// boxes reads size and length of an ISO media file, whether it has pictures, and whether all of it is there.
func (v *view) boxes(f *Facts) {
	w := walk{v: v, f: f}
	w.inside(0, v.size, 0)
	switch {
	case w.broken || !w.movie:
		f.Code = CodeDamaged
	case f.MIME != typeM4A && w.sound && !w.pictures:
		f.MIME, f.Width, f.Height = typeM4A, 0, 0
	}
}

// walk goes through the boxes of a file.
type walk struct {
	v                              *view
	f                              *Facts
	seen                           int
	movie, sound, pictures, broken bool
}

// inside visits the boxes between two offsets.
func (w *walk) inside(at, end int64, depth int) {
	for at+8 <= end && w.seen < maxBoxes {
		w.seen++
		head := w.v.at(at, 16)
		size, skip := boxSize(head, end-at)
		if size < skip || size > end-at {
			w.broken = w.broken || depth == 0 && named(head[4:8]) // else it is rubbish after the end
			return
		}
		w.box(string(head[4:8]), at+skip, at+size, depth)
		at += size
	}
}

// named reports whether this looks like the name of a box.
func named(b []byte) bool {
	return !slices.ContainsFunc(b, func(c byte) bool { return c < ' ' || c > '~' })
}

// boxSize returns the size of a box and of its header; a size below that of the header is none.
func boxSize(head []byte, left int64) (size, skip int64) {
	if len(head) < 8 {
		return 0, 8
	}
	switch n := binary.BigEndian.Uint32(head); {
	case n == 0: // up to the end
		return left, 8
	case n != 1:
		return int64(n), 8
	case len(head) < 16:
		return 0, 16
	}
	return int64(binary.BigEndian.Uint64(head[8:])), 16 // a negative one is no size
}

func (w *walk) box(kind string, at, end int64, depth int) {
	switch kind {
	case "moov", "trak", "mdia":
		w.movie = true
		if depth < maxDepth {
			w.inside(at, end, depth+1)
		}
	case "mvhd":
		w.length(w.v.at(at, 32))
	case "tkhd":
		w.picture(w.v.at(at, 96))
	case "hdlr":
		if b := w.v.at(at, 12); len(b) == 12 {
			w.sound = w.sound || string(b[8:]) == "soun"
			w.pictures = w.pictures || string(b[8:]) == "vide"
		}
	}
}

// length reads how long the film is: scale and duration, with wide numbers in version 1.
func (w *walk) length(b []byte) {
	if len(b) < 32 {
		return
	}
	scale, units := uint64(binary.BigEndian.Uint32(b[12:])), uint64(binary.BigEndian.Uint32(b[16:]))
	if b[0] == 1 {
		scale, units = uint64(binary.BigEndian.Uint32(b[20:])), binary.BigEndian.Uint64(b[24:])
	}
	if scale > 0 && units/scale < 1e6 {
		w.f.Duration = time.Duration(units * 1000 / scale * uint64(time.Millisecond))
	}
}

// picture reads width and height of a track: the last two numbers of its header, in 16.16.
func (w *walk) picture(b []byte) {
	n := 84
	if len(b) > 0 && b[0] == 1 {
		n = 96
	}
	if len(b) < n {
		return
	}
	width, height := int(binary.BigEndian.Uint16(b[n-8:])), int(binary.BigEndian.Uint16(b[n-4:]))
	if width > 0 && height > 0 && w.f.Width == 0 {
		w.f.Width, w.f.Height = width, height
	}
}

// The bounds of what a packed sticker may unpack to. The network that has them allows 64 kB packed.
const (
	maxPacked   = 4 << 20
	maxUnpacked = 32 << 20
)

var errBomb = errors.New("unpacks to too much")

// gzip tells packed stickers from other packed files, without ever holding what they unpack to.
func (v *view) gzip(f *Facts) {
	f.MIME = typeGzip
	if v.size > maxPacked {
		return // no sticker, so nobody looks into it
	}
	head, err := unpack(io.NewSectionReader(v.r, 0, v.size))
	switch {
	case errors.Is(err, errBomb):
		f.Code = CodeBomb
	case err != nil:
		f.Code = CodeDamaged
	case lottie(head):
		f.MIME, f.Width, f.Height = typeTGS, 512, 512
	}
}

// unpack returns the beginning of what a file unpacks to, once all of it has been unpacked within bounds.
func unpack(r io.Reader) (head []byte, err error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, err
	}
	head = make([]byte, 4096)
	n, err := io.ReadFull(z, head)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) && n > 0 && shortButWhole(z) {
		return head[:n], nil
	}
	if err != nil {
		return nil, err
	}
	more, err := io.Copy(io.Discard, io.LimitReader(z, maxUnpacked))
	if err == nil && more == maxUnpacked {
		err = errBomb
	}
	return head, err
}

// shortButWhole tells a short file from a cut one, which io.ReadFull does not.
func shortButWhole(z *gzip.Reader) bool {
	_, err := z.Read(make([]byte, 1))
	return err == io.EOF
}

// lottie reports whether an animation begins like this: an object with a version, or the mark of a sticker.
func lottie(head []byte) bool {
	head = bytes.TrimLeft(head, " \t\r\n\ufeff")
	return bytes.HasPrefix(head, []byte("{")) && (bytes.Contains(head, []byte(`"tgs"`)) || bytes.Contains(head, []byte(`"v"`)))
}
