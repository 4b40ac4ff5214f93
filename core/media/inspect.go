// SPDX-License-Identifier: Apache-2.0

package media

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"image"
	_ "image/gif"  // registers the decoder
	_ "image/jpeg" // registers the decoder
	_ "image/png"  // registers the decoder
	"io"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// Facts are what the bytes themselves say.
type Facts struct {
	MIME          string
	Width, Height int           // 0: unknown
	Duration      time.Duration // 0: unknown
	// Code says what is wrong with the bytes; empty: nothing that can be seen.
	Code string
	// Trace is where looking at them panicked, for the log; empty: it did not.
	Trace string
}

// Inspect reads what the bytes are. It decodes no picture, and holds a bounded part of them at a time. An error means that
// they could not be read.
func Inspect(r io.ReaderAt, size int64) (facts Facts, err error) {
	if size == 0 {
		return Facts{MIME: typeBytes, Code: CodeEmpty}, nil
	}
	defer func() {
		if p := recover(); p != nil { // as in guarded
			facts, err = Facts{MIME: typeBytes, Code: CodeDamaged, Trace: trace(p)}, nil
		}
	}()
	in := &view{r: r, size: size}
	f := Facts{MIME: sniff(in.at(0, sniffLen))}
	switch f.MIME {
	case typeJPEG, typePNG, typeGIF:
		in.picture(&f)
	case typeWebP:
		in.webp(&f)
	case typeMP4, typeM4A, "video/quicktime", "video/3gpp":
		in.boxes(&f)
	case "application/x-gzip", typeGzip:
		in.gzip(&f)
	}
	if in.err != nil {
		return Facts{}, fmt.Errorf("inspect media: %w", in.err)
	}
	return f, nil
}

// view reads pieces of a file. What lies beyond its end is empty; the first error that is not its end stays.
type view struct {
	r    io.ReaderAt
	size int64
	err  error
}

// at returns up to n bytes from an offset.
func (v *view) at(off int64, n int) []byte {
	if off < 0 || off >= v.size || v.err != nil {
		return nil
	}
	b := make([]byte, min(int64(n), v.size-off))
	got, err := v.r.ReadAt(b, off)
	if err != nil && !errors.Is(err, io.EOF) {
		v.err = err
	}
	return b[:got]
}

// maxHeader bounds how much of a picture is read to find its size: they may hold other pictures before.
const maxHeader = 4 << 20

func (v *view) picture(f *Facts) {
	c, _, err := image.DecodeConfig(io.NewSectionReader(v.r, 0, min(v.size, maxHeader)))
	if err != nil || !v.whole(f.MIME) {
		f.Code = CodeDamaged
	}
	f.Width, f.Height = c.Width, c.Height
}

// whole reports whether the end of a picture is there. What follows the end is nobody's business (phones put a film there),
// and neither are the ends of small pictures before it.
func (v *view) whole(t string) bool {
	switch t {
	case typeJPEG:
		return v.has([]byte{0xff, 0xd9}, scan(v.at(0, 1<<20)))
	case typePNG:
		return v.has([]byte("IEND"), 0)
	}
	return true
}

// has looks for a mark behind an offset, at first near the end of the file, where it mostly stands.
func (v *view) has(mark []byte, from int64) bool {
	const piece = 64 << 10
	if bytes.Contains(v.at(max(v.size-piece, from), piece), mark) {
		return true
	}
	for ; from < v.size-piece && v.err == nil; from += piece - int64(len(mark)) {
		if bytes.Contains(v.at(from, piece), mark) {
			return true
		}
	}
	return false
}

// Settle joins what a sender told with what the bytes say: the media as they will be stored, and a code when something
// is wrong with them. What is no photo although it was sent as one keeps its kind and tells its true type.
func Settle(told chat.Media, file File, f Facts) (m chat.Media, code string) {
	m = told
	m.Hash, m.Size = file.Hash, file.Size
	if f.Code == CodeEmpty { // which no network takes, not even as a plain file
		return m, f.Code
	}
	if told.Kind == chat.File {
		m.MIME = cmp.Or(cleanType(told.MIME), f.MIME)
		return m, ""
	}
	m.MIME = f.MIME
	switch {
	case f.Code != "":
		m.MIME = typeBytes // nobody should take it for what it claims to be
		return m, f.Code
	case !suits(m.Kind, f.MIME):
		return m, CodeWrongType
	}
	if f.Width > 0 && f.Height > 0 {
		m.Width, m.Height = f.Width, f.Height
	}
	if m.Duration == 0 {
		m.Duration = f.Duration
	}
	return m, ""
}

// suits reports whether a type can be shown as a kind at all.
func suits(k chat.MediaKind, t string) bool {
	switch k {
	case chat.Photo:
		return family(t) == "image"
	case chat.Sticker:
		return family(t) == "image" || base(t) == typeWebM || base(t) == typeTGS
	case chat.Animation:
		return family(t) == "video" || base(t) == typeGIF || base(t) == typeWebP
	case chat.Video, chat.VideoNote:
		return family(t) == "video"
	case chat.Audio, chat.Voice:
		return family(t) == "audio"
	}
	return true
}
