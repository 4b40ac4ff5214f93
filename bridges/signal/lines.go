// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// Bounds of what is read from the daemon.
const (
	readBuffer = 64 << 10
	// maxLine is more than any notification needs: a text has 64 KiB, files and pictures do not stand in it.
	maxLine = 4 << 20
	// keepOfCut is what is kept of a longer one.
	keepOfCut = 16 << 10
)

// line is one line of the daemon without its end. One that is longer than maxLine is cut; size is what it had.
type line struct {
	text []byte
	cut  bool
	size int
}

// lineReader reads lines of bounded length.
type lineReader struct {
	r *bufio.Reader
	// large, when set, is given a line that does not fit into the buffer and is no notification: its head and the rest.
	large func(head []byte, rest io.Reader) error
}

func newLineReader(r io.Reader) *lineReader {
	return &lineReader{r: bufio.NewReaderSize(r, readBuffer)}
}

// next reads a line. What stands before the end of the stream without a line's end is torn: it is returned as cut, with
// io.ErrUnexpectedEOF.
func (l *lineReader) next() (out line, err error) {
	for {
		part, err := l.r.ReadSlice('\n')
		full := errors.Is(err, bufio.ErrBufferFull)
		if full && out.size == 0 && l.large != nil && !isNotification(part) {
			return line{}, l.large(bytes.Clone(part), &restOfLine{r: l.r})
		}
		out.take(part)
		switch {
		case full:
		case err != nil:
			if out.size > 0 {
				out.cut, err = true, orUnexpected(err)
			}
			return out, err
		default:
			out.text = bytes.TrimRight(out.text, "\r\n")
			return out, nil
		}
	}
}

// take appends a part, or only counts it.
func (l *line) take(part []byte) {
	l.size += len(part)
	switch {
	case l.cut:
	case l.size > maxLine:
		l.cut = true
		l.text = bytes.Clone(append(l.text, part...)[:keepOfCut])
	default:
		l.text = append(l.text, part...)
	}
}

// more reports whether a whole line is there without waiting.
func (l *lineReader) more() bool {
	b, _ := l.r.Peek(l.r.Buffered())
	return bytes.IndexByte(b, '\n') >= 0
}

// isNotification and isAnswer tell lines apart by their beginning.
func isNotification(head []byte) bool { return begins(head, `"method"`) }

func isAnswer(head []byte) bool {
	return !isNotification(head) && (begins(head, `"result"`) || begins(head, `"error"`))
}

func begins(head []byte, with string) bool {
	return bytes.Contains(head[:min(len(head), 64)], []byte(with))
}

// restOfLine reads up to the end of the line.
type restOfLine struct {
	r    *bufio.Reader
	over bool
}

// Read implements io.Reader.
func (l *restOfLine) Read(p []byte) (int, error) {
	if l.over {
		return 0, io.EOF
	}
	if l.r.Buffered() == 0 {
		if _, err := l.r.Peek(1); err != nil {
			return 0, orUnexpected(err)
		}
	}
	b, _ := l.r.Peek(min(len(p), l.r.Buffered()))
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		b, l.over = b[:i+1], true
	}
	n := copy(p, b)
	_, _ = l.r.Discard(n)
	return n, nil
}

func orUnexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
