// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/causeway-chat/causeway/core/media"
)

// errNoRoom: the spool has no room for a file of our own.
var errNoRoom = errors.New("the spool is full")

// keep puts a file of the router's own into the spool and returns its hash. Nothing but the post that carries it keeps it
// there: it must be frozen within the hour that young files have.
func (e *engine) keep(ctx context.Context, content []byte) (hash string, err error) {
	giveBack, ok := e.spool.Reserve(int64(len(content)))
	if !ok {
		return "", errNoRoom
	}
	defer giveBack()
	name := e.spool.Temp()
	if err := os.WriteFile(filepath.Join(e.spool.Dir(), name), content, 0o600); err != nil {
		e.spool.Discard(name)
		return "", fmt.Errorf("keep a file: %w", err)
	}
	file, release, err := e.spool.Adopt(ctx, name, media.Claim{Size: int64(len(content))})
	if err != nil {
		return "", err
	}
	release()
	return file.Hash, nil
}
