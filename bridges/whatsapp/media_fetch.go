// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"go.mau.fi/whatsmeow"

	"github.com/causeway-chat/causeway/bridges/whatsapp/content"
	"github.com/causeway-chat/causeway/plugins/sdk"
)

// maxFetchTries bounds the tries in a row that bring no further byte.
const maxFetchTries = 5

var (
	errNotReady  = errors.New("the account is not connected to WhatsApp")
	errGone      = errors.New("the servers do not have it any more")
	errUnwritten = errors.New("the bytes could not be written") // with what Write said
)

// FetchMedia implements sdk.Bridge. It holds no more than a buffer of the file, goes on where a connection broke, and asks the
// phone for what the servers do not have any more. What it wrote before it fails is worth nothing.
func (b *Bridge) FetchMedia(ctx context.Context, ref string, w io.Writer) error {
	f, err := content.ParseRef(ref)
	if err != nil {
		return fmt.Errorf("fetch a file: %w: %w", sdk.ErrMediaGone, err)
	}
	if f.Size > maxDocument {
		return sdk.ErrMediaTooLarge
	}
	a := b.running.Load()
	if a == nil {
		return errNotReady
	}
	l := a.ready()
	if l == nil {
		return errNotReady
	}
	f, forget := l.best(ctx, f)
	to, err := newOpener(f, w)
	if err != nil {
		return err
	}
	g := &fetch{line: l, file: f, to: to}
	if err = g.run(ctx); err != nil {
		forget()
	}
	return err
}

// fetch is one file on its way down.
type fetch struct {
	*line
	file  content.File
	to    *opener
	tries int // in a row without a further byte
	asked bool
}

func (g *fetch) run(ctx context.Context) error {
	for {
		before := g.to.took
		err := g.try(ctx)
		switch {
		case err == nil:
			return g.to.finish()
		case ctx.Err() != nil, errors.Is(err, errUnwritten), errors.Is(err, sdk.ErrMediaGone):
			return err
		case errors.Is(err, errGone):
			if err := g.askPhone(ctx); err != nil {
				return err
			}
			continue
		case g.to.took > before:
			g.tries = 0
		}
		if g.tries++; g.tries >= maxFetchTries {
			return err
		}
		g.log.Debug("a file could not be fetched and is tried again", "attempt", g.tries, "err", err)
		g.a.pause(ctx, min(g.a.pauses.retry<<g.tries, g.a.pauses.retryCap))
	}
}

// pause waits, unless ctx ends.
func (a *account) pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// mediaConn learns about the servers that have files, once an hour, or at once with force.
func (l *line) mediaConn(ctx context.Context, force bool) (*whatsmeow.MediaConn, error) {
	ctx, cancel := context.WithTimeout(ctx, l.a.pauses.query)
	defer cancel()
	//lint:ignore SA1019 the library has this for itself alone; the alternative is to hold whole files in memory or twice on disk
	conn, err := l.client.DangerousInternals().RefreshMediaConn(ctx, force)
	switch {
	case err != nil:
		return nil, fmt.Errorf("ask for the media hosts: %w", err)
	case len(conn.Hosts) == 0:
		return nil, errors.New("ask for the media hosts: there are none")
	}
	return conn, nil
}

// try reads the file from where it broke off, to its end.
func (g *fetch) try(ctx context.Context) error {
	conn, err := g.mediaConn(ctx, false)
	if err != nil {
		return err
	}
	ctx, silence := sdk.WatchSilence(ctx, g.a.pauses.silence)
	defer silence.Stop()
	resp, err := g.get(ctx, conn.Hosts[g.tries%len(conn.Hosts)].Hostname)
	if err != nil {
		return fmt.Errorf("download: %w", silence.Cause(sdk.WithoutAddress(err))) // by the address anybody has the file, if encrypted
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusRequestedRangeNotSatisfiable && g.to.took > 0 {
		return nil // the end was there already
	}
	if err := g.take(resp, silence.Reader(resp.Body)); err != nil {
		return fmt.Errorf("download: %w", silence.Cause(err))
	}
	return nil
}

// mmsTypes are what the servers call the types of files.
var mmsTypes = map[whatsmeow.MediaType]string{
	whatsmeow.MediaImage: "image", whatsmeow.MediaVideo: "video", whatsmeow.MediaAudio: "audio", whatsmeow.MediaDocument: "document",
}

// get asks a host for the file, or for the rest of it.
func (g *fetch) get(ctx context.Context, host string) (*http.Response, error) {
	sep := "&"
	if !strings.Contains(g.file.Path, "?") {
		sep = "?"
	}
	address := fmt.Sprintf("https://%s%s%shash=%s&mms-type=%s&__wa-mms=", host, g.file.Path, sep, base64.URLEncoding.EncodeToString(g.file.EncSum), mmsTypes[g.file.Type])
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil || !strings.HasPrefix(g.file.Path, "/") || req.URL.Host != host {
		return nil, fmt.Errorf("%w: the path makes no address", sdk.ErrMediaGone)
	}
	req.Header.Set("Origin", webOrigin)
	req.Header.Set("Referer", webOrigin+"/")
	req.Header.Set("Accept-Encoding", "identity")
	if g.to.took > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", g.to.took))
	}
	return (&http.Client{Transport: g.files}).Do(req)
}

// webOrigin is where the servers take requests from.
const webOrigin = "https://web.whatsapp.com"

// take reads what comes. What has come before is read over.
func (g *fetch) take(resp *http.Response, body io.Reader) error {
	rest := resp.StatusCode == http.StatusPartialContent && strings.HasPrefix(resp.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", g.to.took))
	switch resp.StatusCode {
	case http.StatusOK, http.StatusPartialContent:
	case http.StatusForbidden, http.StatusNotFound, http.StatusGone:
		return errGone
	default:
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	if resp.StatusCode == http.StatusPartialContent && !rest {
		return errors.New("another piece came than was asked for")
	}
	if !rest {
		if _, err := io.CopyN(io.Discard, body, g.to.took); err != nil {
			return fmt.Errorf("begin again: %w", err)
		}
	}
	_, err := io.CopyBuffer(g.to, body, make([]byte, 64<<10))
	return err
}
