// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// A Bot API server that runs with --local gives the paths of files on its own disk. They are read below files_dir alone.

// copyLocal reads a file of the server's disk. It begins anew at each try.
func (g *fetch) copyLocal(ctx context.Context, f remoteFile) error {
	file, err := openLocal(g.cfg, f.path)
	if err != nil {
		return fmt.Errorf("read a file of the server: %w", g.client.redact(err)) // its path holds the token
	}
	defer file.Close()
	if err := g.take(&interrupted{ctx: ctx, from: file}, g.n, f.size); err != nil {
		return fmt.Errorf("read a file of the server: %w", err)
	}
	return g.enough(f)
}

// openLocal opens a plain file below files_dir. No link leads out of it, and the last step is none.
func openLocal(cfg settings, path string) (*os.File, error) {
	name, ok := localName(cfg, path)
	if !ok {
		return nil, errors.New("it is outside of files_dir")
	}
	root, err := os.OpenRoot(cfg.FilesDir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	st, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, errors.New("it is no plain file")
	}
	return root.Open(name)
}

// localName is the path below files_dir. Where the server sees its folder under another name than we do, as in a
// container, it is what follows from the folder of our bot on.
func localName(cfg settings, path string) (string, bool) {
	name, err := filepath.Rel(cfg.FilesDir, path)
	if err == nil && filepath.IsLocal(name) {
		return name, true
	}
	_, name, ok := strings.Cut(path, "/"+cfg.Token+"/")
	name = filepath.Join(cfg.Token, filepath.FromSlash(name))
	return name, ok && filepath.IsLocal(name)
}

// interrupted reads until ctx ends. Its errors do not name the file: the path holds the token.
type interrupted struct {
	ctx  context.Context
	from io.Reader
}

func (r *interrupted) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := r.from.Read(b)
	if of := (*os.PathError)(nil); errors.As(err, &of) {
		err = of.Err
	}
	return n, err
}
