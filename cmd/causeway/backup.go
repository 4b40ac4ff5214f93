// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/causeway-chat/causeway/core/admin"
	"github.com/causeway-chat/causeway/core/app"
	"github.com/causeway-chat/causeway/core/command"
)

func (c *cli) backupCommand() *cobra.Command { return c.routed("backup", c.backup) }

// backupResult is what backup --json writes.
type backupResult struct {
	File      string `json:"file"`
	SizeBytes int64  `json:"size_bytes"`
}

// backup takes the bytes from the router and writes the file itself: the router's user may not write there. The data
// folder of a router that does not run is copied without it.
func (c *cli) backup(ctx context.Context, _ command.Command, req admin.Request) error {
	r, err := c.router()
	if err != nil {
		return err
	}
	file, sessions := req.Args[0], req.Flags["sessions"] == "true"
	size, err := writeWhole(file, func(w io.Writer) error { return r.Stream(ctx, req, w) })
	switch {
	case errors.Is(err, admin.ErrNotRunning) && !errors.Is(err, fs.ErrPermission):
		size, err = c.backupStopped(ctx, file, sessions)
	case err == nil && sessions:
		c.say("The router goes on using its session files: do not restore these beside it, nor after it has run on.")
	}
	if err != nil {
		return c.unreachable(r, err)
	}
	c.say("Wrote %s, %d bytes. It holds messages: keep it secret.", file, size)
	if c.json {
		return writeJSON(c.out, backupResult{file, size})
	}
	return nil
}

func (c *cli) backupStopped(ctx context.Context, file string, sessions bool) (size int64, err error) {
	cfg, err := c.peek()
	if err != nil {
		return 0, err
	}
	size, err = writeWhole(file, func(w io.Writer) error {
		return c.wiring.backup(ctx, app.Options{Config: cfg, Version: buildVersion().Version}, w, sessions)
	})
	if err == nil {
		c.say("The router does not run; its data folder was copied without it.")
	}
	return size, err
}

// writeWhole writes a new file, readable by its owner alone, that appears under its name only when all of it is on
// disk. It never overwrites.
func writeWhole(path string, fill func(io.Writer) error) (size int64, err error) {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return 0, fileExists(path, err)
	}
	dir, name := filepath.Split(path)
	f, err := os.CreateTemp(filepath.Clean(dir), "."+name+".part-*") // mode 0600
	if err != nil {
		return 0, noFolder(filepath.Clean(dir), err)
	}
	defer os.Remove(f.Name())
	if err := errors.Join(fill(f), f.Sync()); err != nil {
		return 0, errors.Join(err, f.Close())
	}
	st, err := f.Stat()
	if err = errors.Join(err, f.Close()); err != nil {
		return 0, fmt.Errorf("write the backup: %w", err)
	}
	// A link, unlike a rename, does not replace what came to stand there meanwhile.
	if err := os.Link(f.Name(), path); err != nil {
		return 0, fileExists(path, err)
	}
	return st.Size(), syncFolder(filepath.Clean(dir))
}

func fileExists(path string, err error) error {
	if err == nil || errors.Is(err, fs.ErrExist) {
		return &command.Error{Code: "file_exists", Sentence: path + " exists already and is not overwritten.", Action: "Choose another name."}
	}
	return fmt.Errorf("write the backup: %w", err)
}

// noFolder tells why no file can be made in a folder.
func noFolder(dir string, err error) error {
	const code = "no_such_folder"
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &command.Error{Code: code, Sentence: "There is no folder " + dir + ".", Action: "Make it first, or choose another."}
	case errors.Is(err, fs.ErrPermission):
		return &command.Error{Code: code, Sentence: "This user may not write into the folder " + dir + ".", Action: "Choose another folder."}
	}
	return fmt.Errorf("write the backup: %w", err)
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
