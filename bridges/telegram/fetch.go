// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"path"
	"strings"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/sdk"
)

// maxFetchTries bounds the tries in a row that bring no further byte.
const maxFetchTries = 5

// fileWait is how long the server may take to say where a file is: it has fetched it by then. It goes on with that when
// nobody waits any more.
const fileWait = 40 * time.Second

var (
	errNotReady  = errors.New("the account is not connected to Telegram")
	errShort     = errors.New("fewer bytes came than Telegram told")
	errLong      = errors.New("more bytes came than Telegram told")
	errLength    = errors.New("the answer is of another length than the file")
	errChanged   = errors.New("the file changed between two tries")
	errUnwritten = errors.New("the bytes could not be written") // with what Write said
	errFilesDir  = errors.New("the Bot API server keeps the files on its own disk: set files_dir to its folder")
)

// FetchMedia implements sdk.Bridge. It holds no more than one buffer of the file, goes on where a connection broke, and
// gives up after some tries without a byte. What is larger than Telegram's own server gives is sdk.ErrMediaTooLarge.
func (b *Bridge) FetchMedia(ctx context.Context, ref string, w io.Writer) error {
	a := b.running.Load()
	if a == nil || !a.ready.Load() {
		return errNotReady
	}
	if fileID(ref) == "" {
		return fmt.Errorf("fetch a file: %w: this is no reference of ours", sdk.ErrMediaGone)
	}
	g := &fetch{account: a, ref: ref, to: w, sum: sha256.New()}
	return g.run(ctx)
}

// fetch is one file on its way down.
type fetch struct {
	*account
	ref   string
	to    io.Writer
	sum   hash.Hash // of what was written, to see that a server that begins anew sends the same
	n     int64     // bytes written
	tries int       // in a row without a further byte
}

func (g *fetch) run(ctx context.Context) error {
	for {
		before := g.n
		err := g.try(ctx)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil, final(err):
			return err
		case g.n > before:
			g.tries = 0
		}
		if g.tries++; g.tries >= maxFetchTries {
			return err
		}
		g.log.Debug("a file could not be fetched and is tried again", "attempt", g.tries, "err", err)
		g.pause(ctx)
	}
}

// final reports whether another try would come to the same.
func final(err error) bool {
	for _, f := range []error{sdk.ErrMediaGone, sdk.ErrMediaTooLarge, errChanged, errLong, errUnwritten, errFilesDir} {
		if errors.Is(err, f) {
			return true
		}
	}
	return false
}

// remoteFile is what getFile tells (https://core.telegram.org/bots/api#file).
type remoteFile struct {
	path string
	size int64 // 0: not told
}

func (g *fetch) try(ctx context.Context) error {
	f, err := g.locate(ctx)
	if err != nil || f.size > 0 && g.n >= f.size { // the end alone was missing
		return err
	}
	if !path.IsAbs(f.path) {
		return g.download(ctx, f)
	}
	if g.cfg.FilesDir == "" {
		return errFilesDir
	}
	return g.copyLocal(ctx, f)
}

// locate asks where the file is. The answer holds for an hour.
func (g *fetch) locate(ctx context.Context) (remoteFile, error) {
	if err := g.lull.wait(ctx); err != nil {
		return remoteFile{}, fmt.Errorf("ask for a file: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, fileWait+g.pauses.answer)
	defer cancel()
	x := g.client.callAside(ctx, "getFile", map[string]any{"file_id": fileID(g.ref)})
	ans, ok := readAnswer(x.body)
	if !ok {
		return remoteFile{}, fmt.Errorf("ask for a file: no answer: %w", orError(x.err, "it was not Telegram's"))
	}
	if !ans.ok {
		return remoteFile{}, fmt.Errorf("ask for a file: %w", g.whyNot(x, ans))
	}
	f, _ := readFields(ans.result, nil)
	if f.text("file_path") == "" {
		return remoteFile{}, errors.New("ask for a file: Telegram does not say where it is")
	}
	if unique := uniqueOf(g.ref); unique != "" && f.has("file_unique_id") && f.text("file_unique_id") != unique {
		return remoteFile{}, fmt.Errorf("ask for a file: %w", errChanged)
	}
	return remoteFile{path: f.text("file_path"), size: max(f.number("file_size"), 0)}, nil
}

func orError(err error, otherwise string) error {
	if err == nil {
		return errors.New(otherwise)
	}
	return err
}

// whyNot reads a refusal to give a file.
func (g *fetch) whyNot(x *exchange, ans answer) error {
	text := chat.Shorten(g.client.secrets.Replace(ans.text), 160)
	switch {
	case ans.code == 400 && strings.Contains(ans.text, "file is too big"):
		return sdk.ErrMediaTooLarge
	case ans.code == 400 && !strings.Contains(ans.text, "temporarily unavailable"):
		return fmt.Errorf("%w: %s", sdk.ErrMediaGone, text)
	case ans.code == 429 || ans.code == 420:
		g.lull.begin(x.retryAfter(ans))
		return errSlowDown
	}
	return errors.New(text)
}

// write passes on what is new; the bytes up to g.n are only compared.
func (g *fetch) write(b []byte) error {
	n, err := g.to.Write(b)
	g.sum.Write(b[:n])
	g.n += int64(n)
	if err != nil {
		return fmt.Errorf("%w: %w", errUnwritten, err)
	}
	return nil
}

// enough reports an end that comes before the told size.
func (g *fetch) enough(f remoteFile) error {
	if g.n < f.size {
		return fmt.Errorf("%w: %d of %d", errShort, g.n, f.size)
	}
	return nil
}
