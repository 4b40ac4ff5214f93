// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"

	"github.com/causeway-chat/causeway/bridges/whatsapp/content"
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/sdk"
)

// maxUploadTries is how often a file is uploaded before its post goes back to the router.
const maxUploadTries = 3

// unsent says why a post did not come as far as being sent. Nothing of it was seen by anybody.
type unsent struct{ outcome chat.Outcome }

func (u unsent) Error() string { return u.outcome.Why.String() }

func refuse(why chat.Reason) error { return unsent{chat.RefusedFor(why)} }

func again(why chat.Reason) error { return unsent{chat.RetryAfter(0, chat.ScopeChat, why)} }

// outcomeOf is what a post comes to that was not sent.
func outcomeOf(err error) chat.Outcome {
	var u unsent
	if errors.As(err, &u) {
		return u.outcome
	}
	return chat.RetryAfter(0, chat.ScopeChat, whyNotSent)
}

// together reports whether media can be one post.
func together(media []chat.Media) bool {
	strange := func(m chat.Media) bool { return m.Kind != chat.Photo && m.Kind != chat.Video }
	return len(media) <= 1 || len(media) <= maxAlbum && !slices.ContainsFunc(media, strange)
}

// written are the messages that a post asks for; those with files need these uploaded first.
func (l *line) written(ctx context.Context, p chat.Post, to types.JID) ([]*waE2E.Message, error) {
	if p.Action == chat.ActSend && len(p.Media) > 0 {
		return l.encodeMedia(ctx, p, to)
	}
	messages, why := l.compose(p, to)
	if why.Code != "" {
		return nil, refuse(why)
	}
	return messages, nil
}

// albumHead numbers the head of an album among the messages of a post.
const albumHead = 1000

// sendHead sends the head of a post's album, if it is one. Nobody sees it, so it has no id for the router.
func (l *line) sendHead(ctx context.Context, o outgoing) chat.Outcome {
	if o.post.Action != chat.ActSend || !content.IsAlbum(o.post) {
		return chat.DeliveredAs()
	}
	m := content.AlbumHead(l.timed(o.post, o.to), l.writing(o.post, o.to))
	return l.send(ctx, part{outgoing: o, id: stanzaID(o.post.Key, albumHead), m: m})
}

// encodeMedia uploads a post's files and writes their messages. What was kept of an earlier attempt is sent as it was.
func (l *line) encodeMedia(ctx context.Context, p chat.Post, to types.JID) ([]*waE2E.Message, error) {
	kept := make([]*waE2E.Message, len(p.Media))
	out := l.writing(p, to)
	out.Files, out.Thumbnails = make([]whatsmeow.UploadResponse, len(p.Media)), make([][]byte, len(p.Media))
	p.Media = slices.Clone(p.Media)
	for i := range p.Media {
		if kept[i] = l.body(stanzaID(p.Key, i)); kept[i] != nil {
			continue
		}
		var err error
		if out.Files[i], out.Thumbnails[i], err = l.upload(ctx, &p.Media[i]); err != nil {
			return nil, err
		}
	}
	if content.IsAlbum(p) {
		out.Head = stanzaID(p.Key, albumHead)
	}
	messages, err := content.Encode(l.timed(p, to), out)
	if err != nil {
		return nil, refuse(whyNotWritten(err))
	}
	for i, m := range kept {
		if m != nil {
			messages[i] = m
		}
	}
	return messages, nil
}

// upload brings a file of the spool to WhatsApp's servers, and looks at it, if it is a picture.
func (l *line) upload(ctx context.Context, m *chat.Media) (up whatsmeow.UploadResponse, small []byte, err error) {
	f, err := l.a.session.OpenMedia(*m)
	if err != nil {
		l.log.Error("a file is not in the spool", "err", err)
		return up, nil, refuse(whyNoFile)
	}
	defer f.Close()
	small = look(f, m)
	for try := 1; ; try++ {
		up, err = l.uploadOnce(ctx, f, content.TypeOf(m.Kind))
		code := uploadStatus(err)
		switch {
		case err == nil:
			return up, small, nil
		case code == 413:
			return up, nil, refuse(whyTooLong)
		case ctx.Err() != nil || try == maxUploadTries:
			l.log.Warn("a file could not be uploaded", "attempt", try, "err", sdk.WithoutAddress(err)) // it holds a token
			return up, nil, again(whyUpload)
		case code == 401:
			_, _ = l.mediaConn(ctx, true) // if this fails, the next try tells
		}
		l.a.pause(ctx, l.a.pauses.retry<<try)
	}
}

// uploadOnce encrypts the file into one of the account's folder and sends that.
func (l *line) uploadOnce(ctx context.Context, f *os.File, kind whatsmeow.MediaType) (up whatsmeow.UploadResponse, err error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return up, fmt.Errorf("read the spool: %w", err)
	}
	temp, err := os.CreateTemp(l.a.session.Dir(), uploadName)
	if err != nil {
		return up, fmt.Errorf("make room for a file: %w", err)
	}
	defer os.Remove(temp.Name())
	defer temp.Close()
	return l.client.UploadReader(ctx, f, temp, kind)
}

const uploadName = "upload-*"

// removeUploads removes what a process has left that was killed.
func removeUploads(dir string) {
	left, _ := filepath.Glob(filepath.Join(dir, uploadName)) // the pattern is good
	for _, name := range left {
		_ = os.Remove(name)
	}
}

// uploadStatus is the status with which a server refused an upload; 0 when it did not. The library tells it as text alone.
func uploadStatus(err error) int {
	if err == nil {
		return 0
	}
	_, text, ok := strings.Cut(err.Error(), "upload failed with status code ")
	code, convErr := strconv.Atoi(text)
	if !ok || convErr != nil {
		return 0
	}
	return code
}
