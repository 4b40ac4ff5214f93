// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/causeway-chat/causeway/plugins/sdk"
)

// errSlowDown ends a try when Telegram asks to wait, as all fetches then do.
var errSlowDown = errors.New("asked by Telegram to wait")

// lull is a time in which Telegram wants nobody to ask for files.
type lull struct {
	mu    sync.Mutex
	until time.Time
}

func (l *lull) begin(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if until := time.Now().Add(d); until.After(l.until) {
		l.until = until
	}
}

// wait returns when it is over; an error says that ctx ended before.
func (l *lull) wait(ctx context.Context) error {
	for {
		l.mu.Lock()
		left := time.Until(l.until)
		l.mu.Unlock()
		if left <= 0 {
			return nil
		}
		timer := time.NewTimer(left)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

// pause waits before the next try, for a growing time; what Telegram asks for is waited out before it asks again.
func (g *fetch) pause(ctx context.Context) {
	wait := min(g.pauses.retry<<min(g.tries, 10), g.pauses.retryCap)
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// download reads the file from where it broke off.
func (g *fetch) download(ctx context.Context, f remoteFile) error {
	ctx, silence := sdk.WatchSilence(ctx, g.pauses.silence)
	defer silence.Stop()
	resp, err := g.client.get(ctx, f.path, g.n)
	if err != nil {
		return fmt.Errorf("download: %w", silence.Cause(err))
	}
	defer resp.Body.Close()
	skip, err := g.begin(resp, f)
	if err != nil {
		return fmt.Errorf("download: %w", err)
	}
	if err := g.take(silence.Reader(resp.Body), skip, f.size); err != nil {
		return fmt.Errorf("download: %w", silence.Cause(err))
	}
	return g.enough(f)
}

// begin reads the head of the answer: how many bytes that we have come once more. An answer of another length than the
// file's is not begun.
func (g *fetch) begin(resp *http.Response, f remoteFile) (skip int64, err error) {
	rest := resp.StatusCode == http.StatusPartialContent && strings.HasPrefix(resp.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", g.n))
	if !rest {
		skip = g.n
	}
	switch {
	case resp.Header.Get("Content-Encoding") != "":
		return 0, errors.New("the answer is packed")
	case rest || resp.StatusCode == http.StatusOK:
		if want := f.size - g.n + skip; f.size > 0 && resp.ContentLength >= 0 && resp.ContentLength != want {
			return 0, fmt.Errorf("%w: %d bytes come where %d belong", errLength, resp.ContentLength, want)
		}
		return skip, nil
	case resp.StatusCode == http.StatusTooManyRequests:
		sec, _ := strconv.ParseInt(resp.Header.Get("Retry-After"), 10, 64)
		g.lull.begin(boundWait(sec))
		return 0, errSlowDown
	}
	return 0, fmt.Errorf("status %d", resp.StatusCode)
}

// buffers are those of downloads that have ended: many may begin and hang.
var buffers = sync.Pool{New: func() any { return new([64 << 10]byte) }}

// take writes what comes, up to the file's size if that is told; the first skip bytes must be those that were written before.
func (g *fetch) take(from io.Reader, skip, size int64) error {
	if skip > 0 {
		again := sha256.New()
		if _, err := io.CopyN(again, from, skip); err != nil {
			return fmt.Errorf("begin again: %w", err)
		}
		if !bytes.Equal(again.Sum(nil), g.sum.Sum(nil)) {
			return errChanged
		}
	}
	buffer := buffers.Get().(*[64 << 10]byte)
	defer buffers.Put(buffer)
	buf := buffer[:]
	for {
		n, err := from.Read(buf)
		if size > 0 && g.n+int64(n) > size {
			return errLong
		}
		if n > 0 {
			if err := g.write(buf[:n]); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// get asks for a file, or for the rest of it. The address holds the token, so no error tells it.
func (c *client) get(ctx context.Context, path string, from int64) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.fileURL(path), nil)
	if err != nil {
		return nil, errors.New("make request: the file's path makes no URL")
	}
	req.Header.Set("Accept-Encoding", "identity") // its size is the file's
	if from > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", from))
	}
	resp, err := c.files.RoundTrip(req)
	if err != nil {
		return nil, c.redact(err)
	}
	return resp, nil
}

func (c *client) fileURL(path string) string {
	var escaped []string
	for _, piece := range strings.Split(path, "/") {
		escaped = append(escaped, url.PathEscape(piece))
	}
	return c.fileBase + strings.Join(escaped, "/")
}
