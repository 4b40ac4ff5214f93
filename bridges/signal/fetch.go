// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/causeway-chat/causeway/plugins/sdk"
)

var (
	errNotReady = errors.New("the account is not connected to signal-cli")
	errNoRef    = errors.New("this is no reference of ours")
)

// FetchMedia implements sdk.Bridge. A file comes from the daemon's own folder if we may read that, else through the daemon.
func (b *Bridge) FetchMedia(ctx context.Context, ref string, w io.Writer) error {
	a := b.running.Load()
	if a == nil {
		return errNotReady
	}
	err := a.fetch(ctx, ref, w)
	if errors.Is(err, ErrFileGone) || errors.Is(err, errNoRef) {
		return fmt.Errorf("%w: %w", sdk.ErrMediaGone, err)
	}
	return err
}

func (a *account) fetch(ctx context.Context, ref string, w io.Writer) error {
	if id, ok := strings.CutPrefix(ref, filePrefix); ok {
		f, err := a.stored.open(id)
		if err != nil {
			return a.files.Fetch(ctx, id, w)
		}
		defer f.Close()
		if _, err := io.Copy(w, &ended{ctx: ctx, r: f}); err != nil {
			return fmt.Errorf("copy a file: %w", err)
		}
		return nil
	}
	pack, number, ok := strings.Cut(strings.TrimPrefix(ref, stickerPrefix), ":")
	if !ok || !strings.HasPrefix(ref, stickerPrefix) {
		return errNoRef
	}
	return a.files.FetchSticker(ctx, pack, number, w)
}

// ended ends a copy with its context.
type ended struct {
	ctx context.Context
	r   *os.File
}

// Read implements io.Reader.
func (e *ended) Read(p []byte) (int, error) {
	if err := e.ctx.Err(); err != nil {
		return 0, err
	}
	return e.r.Read(p)
}
