// SPDX-License-Identifier: Apache-2.0

package media

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"os"

	"github.com/HugoSmits86/nativewebp"
	scale "golang.org/x/image/draw"
	"golang.org/x/image/webp"

	"github.com/causeway-chat/causeway/core/chat"
)

// stickerSide is the side of the square that stickers fit into, on every network that has them.
const stickerSide = 512

// picture makes a picture that does not move: turned upright, within the limits, in the type that is wanted.
func (c *Converter) picture(ctx context.Context, in, out *os.File, m chat.Media, f Form) error {
	src, turn, err := c.decode(in, base(m.MIME))
	if err != nil {
		return err
	}
	factor := sideFactor(src.Bounds(), f)
	for quality := 90; ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := encode(out, base(f.MIME), src, turn, factor, quality)
		switch {
		case err != nil:
			return failed(CodeUnreadable, err)
		case n <= c.limit(f):
			return nil
		case base(f.MIME) == typeJPEG && quality > 70:
			quality -= 10
		default:
			factor *= 0.7
		}
		if factor < 0.01 {
			return failed(CodeDoesNotFit, fmt.Errorf("%d bytes are left", n))
		}
	}
}

// sideFactor is by how much a picture must shrink to keep to the sides.
func sideFactor(b image.Rectangle, f Form) float64 {
	factor := 1.0
	if f.MaxSide > 0 {
		factor = min(factor, float64(f.MaxSide)/float64(b.Dx()+b.Dy()))
	}
	if f.Kind == chat.Sticker {
		factor = min(factor, stickerSide/float64(max(b.Dx(), b.Dy())))
	}
	return factor
}

// decode reads a picture, of films the first one, unless it would take too much memory.
func (c *Converter) decode(in *os.File, t string) (src image.Image, turn int, err error) {
	head, err := readHead(in)
	if err != nil {
		return nil, 0, err
	}
	r, cfg, err := decoder(in, t, head)
	if err != nil {
		return nil, 0, failed(CodeUnreadable, err)
	}
	if cost := cost(cfg, t, head); cost > c.opt.MaxMemory {
		return nil, 0, failed(CodeTooManyDots, fmt.Errorf("%d by %d dots", cfg.Width, cfg.Height))
	}
	if src, _, err = image.Decode(r); err != nil || src.Bounds().Empty() {
		return nil, 0, failed(CodeUnreadable, fmt.Errorf("decode: %w", err))
	}
	return src, orientation(t, head), nil
}

func readHead(in *os.File) ([]byte, error) {
	st, err := in.Stat()
	if err != nil {
		return nil, fmt.Errorf("read picture: %w", err)
	}
	head := make([]byte, min(st.Size(), maxHeader))
	n, err := in.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read picture: %w", err)
	}
	return head[:n], nil
}

// decoder returns what a picture can be decoded from, and its size.
func decoder(in *os.File, t string, head []byte) (io.Reader, image.Config, error) {
	st, err := in.Stat()
	if err != nil {
		return nil, image.Config{}, err
	}
	if t == typeWebP {
		still, ok := firstFrame(head)
		if ok {
			cfg, err := webp.DecodeConfig(bytes.NewReader(still))
			return bytes.NewReader(still), cfg, err
		}
	}
	cfg, _, err := image.DecodeConfig(bytes.NewReader(head))
	return io.NewSectionReader(in, 0, st.Size()), cfg, err
}

// firstFrame makes a picture that does not move out of the first frame of a WebP that does.
func firstFrame(file []byte) (still []byte, ok bool) {
	frame := webpChunk(file, "ANMF")
	if len(frame) < 24 {
		return nil, false
	}
	body := frame[16:]
	if string(body[:4]) == "ALPH" { // such a picture says so, and how large it is, before
		head := make([]byte, 18)
		copy(head, "VP8X")
		binary.LittleEndian.PutUint32(head[4:], 10)
		head[8] = 0x10
		copy(head[12:18], frame[6:12])
		body = append(head, body...)
	}
	still = binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body)+4))
	return append(append(still, "WEBP"...), body...), true
}

// cost is how many bytes a decoded picture takes, by what its decoder is known to make.
func cost(c image.Config, t string, head []byte) int64 {
	each := int64(4)
	switch c.ColorModel {
	case color.RGBA64Model, color.NRGBA64Model:
		each = 8
	case color.YCbCrModel, color.GrayModel:
		each = 3
	}
	if t == typeJPEG && progressive(head) {
		each = 15 // all coefficients are kept until the last scan
	}
	return int64(c.Width) * int64(c.Height) * each
}

// encode writes the picture from the start of out and returns how many bytes that took.
func encode(out *os.File, t string, src image.Image, turn int, factor float64, quality int) (int64, error) {
	if err := out.Truncate(0); err != nil {
		return 0, err
	}
	w := io.NewOffsetWriter(out, 0)
	img := prepare(src, turn, factor, t == typeJPEG)
	var err error
	switch t {
	case typeJPEG:
		err = jpeg.Encode(w, img, &jpeg.Options{Quality: quality})
	case typePNG:
		err = (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(w, img)
	case typeWebP:
		err = nativewebp.Encode(w, img, nil)
	default:
		err = fmt.Errorf("no encoder for %s", t)
	}
	if err != nil {
		return 0, err
	}
	return w.Seek(0, io.SeekCurrent)
}

// prepare shrinks and turns a picture; on white ground where there is no transparency.
func prepare(src image.Image, turn int, factor float64, opaque bool) image.Image {
	if factor >= 1 && turn == 1 && isOpaque(src) {
		return src
	}
	img := upright(shrink(src, factor), turn)
	if opaque {
		return onWhite(img)
	}
	return img
}

func isOpaque(src image.Image) bool {
	o, ok := src.(interface{ Opaque() bool })
	return ok && o.Opaque()
}

// shrink makes a picture smaller: first by a whole number, averaging all dots, then by what is left of the factor.
func shrink(src image.Image, factor float64) *image.RGBA {
	b := src.Bounds()
	w, h := shrunk(b.Dx(), factor), shrunk(b.Dy(), factor)
	n := max(int(math.Floor(1/factor)), 1)
	if factor >= 1 {
		w, h = b.Dx(), b.Dy()
	}
	mean := average(src, n)
	if mean.Rect.Dx() == w && mean.Rect.Dy() == h {
		return mean
	}
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	scale.ApproxBiLinear.Scale(dst, dst.Rect, mean, mean.Rect, draw.Src, nil)
	return dst
}

func shrunk(side int, factor float64) int { return max(int(float64(side)*factor), 1) }

// average makes one dot of each square of n by n dots. It holds the source in strips of n rows alone.
func average(src image.Image, n int) *image.RGBA {
	b := src.Bounds()
	w, h := (b.Dx()+n-1)/n, (b.Dy()+n-1)/n
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	if n == 1 {
		draw.Draw(dst, dst.Rect, src, b.Min, draw.Src)
		return dst
	}
	strip := image.NewRGBA(image.Rect(0, 0, b.Dx(), n))
	for y := range h {
		rows := min(n, b.Dy()-y*n)
		draw.Draw(strip, image.Rect(0, 0, b.Dx(), rows), src, b.Min.Add(image.Pt(0, y*n)), draw.Src)
		averageRow(dst.Pix[y*dst.Stride:][:w*4], strip, n, rows)
	}
	return dst
}

func averageRow(to []byte, strip *image.RGBA, n, rows int) {
	width := strip.Rect.Dx()
	for x := 0; x*4 < len(to); x++ {
		var sum [4]int
		cols := min(n, width-x*n)
		for y := range rows {
			line := strip.Pix[y*strip.Stride+x*n*4:][:cols*4]
			for i := 0; i < len(line); i += 4 {
				sum[0], sum[1], sum[2], sum[3] = sum[0]+int(line[i]), sum[1]+int(line[i+1]), sum[2]+int(line[i+2]), sum[3]+int(line[i+3])
			}
		}
		for i, v := range sum {
			to[x*4+i] = byte(v / (cols * rows))
		}
	}
}
