// SPDX-License-Identifier: Apache-2.0

package media

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// Converter makes forms. At most one picture and one film or sound are made at a time: conversions are many, and none is
// urgent. Pictures are made by this process, the rest by ffmpeg where it is installed.
type Converter struct {
	opt      ConverterOptions
	pictures chan struct{} // holds one while a picture is made
	films    chan struct{} // holds one while ffmpeg runs
}

// ConverterOptions are the settings of a Converter. Every zero value has a default.
type ConverterOptions struct {
	// FFmpeg is the program, by name or path; default "ffmpeg", looked for anew each time.
	FFmpeg string
	// Timeout bounds one conversion; default 2 min.
	Timeout time.Duration
	// MaxBytes bounds what a conversion makes where the chat sets no limit; default 100 MB.
	MaxBytes int64
	// MaxMemory bounds, in bytes, what a picture takes once it is decoded; default 160 MiB.
	MaxMemory int64
}

// NewConverter makes a converter.
func NewConverter(opt ConverterOptions) *Converter {
	opt.FFmpeg = cmp.Or(opt.FFmpeg, "ffmpeg")
	opt.Timeout = cmp.Or(opt.Timeout, 2*time.Minute)
	opt.MaxBytes = cmp.Or(opt.MaxBytes, 100_000_000)
	opt.MaxMemory = cmp.Or(opt.MaxMemory, 160<<20)
	return &Converter{opt: opt, pictures: make(chan struct{}, 1), films: make(chan struct{}, 1)}
}

// Failure says with a code why a conversion gave nothing.
type Failure struct {
	Code string
	Err  error
}

// Error writes code and cause. It holds nothing that people wrote.
func (f *Failure) Error() string { return fmt.Sprintf("convert media: %s: %v", f.Code, f.Err) }

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

func failed(code string, err error) error { return &Failure{Code: code, Err: err} }

// ErrNoRoom: the spool has no room for what a conversion makes.
var ErrNoRoom = errors.New("the spool is full")

// FFmpegPath is where ffmpeg is; empty when it is not installed.
func FFmpegPath() string {
	path, err := exec.LookPath("ffmpeg")
	if err != nil {
		return ""
	}
	return path
}

// Convert makes the bytes of m, which are in the spool, into a form that has Convert. The result is in the spool, pinned
// until release is called. It blocks until other conversions have ended. A *Failure is about these bytes; another error
// is not.
func (c *Converter) Convert(ctx context.Context, s *Spool, m chat.Media, f Form) (made Made, release func(), err error) {
	turn, work := c.films, c.film
	if isStill(f) {
		turn, work = c.pictures, c.picture
	}
	select {
	case turn <- struct{}{}:
		defer func() { <-turn }()
	case <-ctx.Done():
		return Made{}, nil, ctx.Err()
	}
	room, ok := s.Reserve(min(c.limit(f), max(2*m.Size, 1<<20))) // a guess: most results are smaller than that
	if !ok {
		return Made{}, nil, ErrNoRoom
	}
	defer room()
	return c.make(ctx, s, m, f, work)
}

// isStill reports whether a form is a picture that does not move.
func isStill(f Form) bool { return family(f.MIME) == "image" && !f.Moving }

// limit is how many bytes the result may have.
func (c *Converter) limit(f Form) int64 {
	if f.MaxBytes > 0 {
		return min(f.MaxBytes, c.opt.MaxBytes)
	}
	return c.opt.MaxBytes
}

// worker reads in and writes out.
type worker func(ctx context.Context, in, out *os.File, m chat.Media, f Form) error

func (c *Converter) make(ctx context.Context, s *Spool, m chat.Media, f Form, work worker) (made Made, release func(), err error) {
	in, err := s.Open(m.Hash)
	if err != nil {
		return Made{}, nil, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	temp := s.Temp()
	defer s.Discard(temp)
	out, err := s.Create(temp)
	if err != nil {
		return Made{}, nil, err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if err := c.timed(ctx, in, out, m, f, work); err != nil {
		return Made{}, nil, err
	}
	return c.adopt(ctx, s, temp, out, f)
}

// timed works within the timeout, whose end is a failure of these bytes.
func (c *Converter) timed(ctx context.Context, in, out *os.File, m chat.Media, f Form, work worker) error {
	limited, cancel := context.WithTimeout(ctx, c.opt.Timeout)
	defer cancel()
	err := guarded(func() error { return work(limited, in, out, m, f) })
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case limited.Err() != nil:
		return failed(CodeTooSlow, err)
	}
	return err
}

// adopt looks at what was made before it counts.
func (c *Converter) adopt(ctx context.Context, s *Spool, temp string, out *os.File, f Form) (Made, func(), error) {
	st, err := out.Stat()
	if err != nil {
		return Made{}, nil, err
	}
	facts, err := Inspect(out, st.Size())
	switch {
	case err != nil:
		return Made{}, nil, err
	case facts.Code != "" || base(facts.MIME) != base(f.MIME):
		return Made{}, nil, failed(CodeUnreadable, fmt.Errorf("%s was made for %s %s", facts.MIME, f.MIME, facts.Code))
	case st.Size() > c.limit(f) || f.MaxSide > 0 && facts.Width+facts.Height > f.MaxSide:
		return Made{}, nil, failed(CodeDoesNotFit, fmt.Errorf("%d bytes, %d by %d", st.Size(), facts.Width, facts.Height))
	}
	file, release, err := s.Adopt(ctx, temp, Claim{Size: st.Size()})
	return Made{Hash: file.Hash, Size: file.Size, Width: facts.Width, Height: facts.Height}, release, err
}
