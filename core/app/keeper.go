// SPDX-License-Identifier: Apache-2.0

package app

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/causeway-chat/causeway/config"
	"github.com/causeway-chat/causeway/core/command"
	"github.com/causeway-chat/causeway/core/store"
)

// A backup is a tar file: first its manifest, then the store, then the folders.
const (
	manifestName = "backup.json"
	storeName    = store.FileName
	// backupFormat is raised when an older program could not read what a newer one wrote.
	backupFormat = 1
)

// Folders below the data folder in which a backup is made or unpacked, as patterns of os.MkdirTemp. They hold all that
// people have said and, of a restore, session files.
const (
	backupFolder  = "causeway.backup-*"
	restoreFolder = "causeway.restore-*"
)

// dropUnfinished removes the folders of backups and restores that died. The caller has the data folder to itself.
func dropUnfinished(dir string) error {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		backup, _ := filepath.Match(backupFolder, e.Name()) // neither pattern is malformed
		restore, _ := filepath.Match(restoreFolder, e.Name())
		if e.IsDir() && (backup || restore) {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	return err
}

// manifest is the first file of a backup.
type manifest struct {
	Format   int       `json:"format"`
	MadeAt   time.Time `json:"made_at"`
	Sessions bool      `json:"sessions"`
}

// Backup implements command.Keeper. The store is copied to a file beside it first, which needs as much room again.
func (d *desk) Backup(ctx context.Context, w io.Writer, sessions bool) error {
	temp, err := os.MkdirTemp(d.cfg.DataDir, backupFolder)
	if err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	defer os.RemoveAll(temp)
	copied := filepath.Join(temp, storeName)
	if err := d.engine.store.Backup(ctx, copied); err != nil {
		return err
	}
	out := tar.NewWriter(w)
	if err := errors.Join(addManifest(out, sessions), addFile(out, copied, storeName)); err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	folders := []string{spoolFolder}
	if sessions {
		folders = append(folders, bridgesFolder)
	}
	for _, f := range folders {
		if err := addFolder(ctx, out, d.cfg.DataDir, f); err != nil {
			return fmt.Errorf("back up %s: %w", f, err)
		}
	}
	return out.Close()
}

// Backup writes what a running router's Backup would, of one that does not run; none can be started meanwhile. It is the
// way to copy session files that are safe to use: nobody uses them any more.
func Backup(ctx context.Context, opt Options, w io.Writer, sessions bool) error {
	dir := opt.Config.DataDir
	if _, err := os.Stat(filepath.Join(dir, storeName)); errors.Is(err, fs.ErrNotExist) {
		return noData(dir)
	}
	s, err := store.Open(ctx, dir, store.Options{Log: opt.Log, Version: opt.Version, ReserveBytes: -1})
	if err != nil {
		return folderError(dir, err)
	}
	d := newDesk(&engine{store: s}, opt.Config)
	return errors.Join(d.Backup(ctx, w, sessions), s.Close())
}

func addManifest(out *tar.Writer, sessions bool) error {
	body, err := json.Marshal(manifest{Format: backupFormat, MadeAt: time.Now().UTC(), Sessions: sessions})
	if err != nil {
		return err
	}
	if err := out.WriteHeader(&tar.Header{Name: manifestName, Mode: 0o600, Size: int64(len(body)), ModTime: time.Now()}); err != nil {
		return err
	}
	_, err = out.Write(body)
	return err
}

// addFile adds a file of which no more than its present size is read: it may grow meanwhile.
func addFile(out *tar.Writer, file, name string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if err := out.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: st.Size(), ModTime: st.ModTime()}); err != nil {
		return err
	}
	_, err = io.CopyN(out, f, st.Size())
	return err
}

// addFolder adds the regular files of a folder. One that has gone since it was listed is left out.
func addFolder(ctx context.Context, out *tar.Writer, dataDir, folder string) error {
	return filepath.WalkDir(filepath.Join(dataDir, folder), func(file string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && !e.Type().IsRegular() {
			return nil
		}
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		rel, err := filepath.Rel(dataDir, file)
		if err != nil {
			return err
		}
		err = addFile(out, file, filepath.ToSlash(rel))
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
}

// Export implements command.Keeper.
func (d *desk) Export(ctx context.Context, name string, w io.Writer) error {
	err := d.engine.store.ExportRoom(ctx, name, w)
	if errors.Is(err, store.ErrUnknown) {
		return command.NoSuchRoom(name)
	}
	return err
}

// ErrNoBackup says that a file is no backup of ours, or a damaged one.
var ErrNoBackup = errors.New("not a backup that this program can read")

// Restore puts a backup into the config's data folder, which must hold no store yet. What waited when it was made is
// held, because it may have been sent since. Session files are restored only when sessions is set.
func Restore(ctx context.Context, cfg *config.Config, file string, sessions bool) error {
	f, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	defer f.Close()
	if _, err := os.Stat(filepath.Join(cfg.DataDir, storeName)); err == nil {
		return dataExists(cfg.DataDir)
	}
	err = restore(ctx, cfg, f, sessions)
	if errors.Is(err, ErrNoBackup) {
		return noBackup(file, err)
	}
	return folderError(cfg.DataDir, err)
}

func restore(ctx context.Context, cfg *config.Config, f io.Reader, sessions bool) error {
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	temp, err := os.MkdirTemp(cfg.DataDir, restoreFolder)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	defer os.RemoveAll(temp)
	if err := unpack(ctx, f, temp, sessions); err != nil {
		return err
	}
	err = store.Restore(ctx, filepath.Join(temp, storeName), cfg.DataDir, func() error { return moveFolders(temp, cfg.DataDir) })
	if err != nil {
		return err
	}
	return handOver(cfg.DataDir)
}

// moveFolders puts the folders of a backup into the data folder.
func moveFolders(from, to string) error {
	for _, folder := range []string{spoolFolder, bridgesFolder} {
		if err := moveFolder(filepath.Join(from, folder), filepath.Join(to, folder)); err != nil {
			return fmt.Errorf("%s: %w", folder, err)
		}
	}
	return nil
}

// unpack writes the files of a backup below dir.
func unpack(ctx context.Context, from io.Reader, dir string, sessions bool) error {
	in := tar.NewReader(from)
	if err := readManifest(in); err != nil {
		return err
	}
	found := false
	for {
		h, err := in.Next()
		if err == io.EOF {
			break
		}
		if err = errors.Join(err, ctx.Err()); err != nil {
			return fmt.Errorf("%w: %w", ErrNoBackup, err)
		}
		if !wanted(h, sessions) {
			continue
		}
		found = found || h.Name == storeName
		if err := unpackFile(in, filepath.Join(dir, filepath.FromSlash(h.Name))); err != nil {
			return err
		}
	}
	if !found {
		return fmt.Errorf("%w: it holds no store", ErrNoBackup)
	}
	return nil
}

func readManifest(in *tar.Reader) error {
	h, err := in.Next()
	if err != nil || h.Name != manifestName {
		return ErrNoBackup
	}
	var m manifest
	if err := json.NewDecoder(io.LimitReader(in, 64<<10)).Decode(&m); err != nil {
		return ErrNoBackup
	}
	if m.Format > backupFormat {
		return fmt.Errorf("%w: a newer Causeway made it (format %d); use that version", ErrNoBackup, m.Format)
	}
	return nil
}

// wanted reports whether a file belongs into the data folder. Names that lead out of it are nobody's.
func wanted(h *tar.Header, sessions bool) bool {
	if h.Typeflag != tar.TypeReg || !filepath.IsLocal(filepath.FromSlash(h.Name)) || path.Clean(h.Name) != h.Name {
		return false
	}
	top, _, nested := strings.Cut(h.Name, "/")
	return h.Name == storeName || nested && (top == spoolFolder || top == bridgesFolder && sessions)
}

func unpackFile(in io.Reader, file string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	out, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := fill(out, in); err != nil {
		return errors.Join(err, out.Close())
	}
	return errors.Join(out.Sync(), out.Close())
}

// fill copies a file out of a backup. That it cannot be written, as on a full disk, is no fault of the backup's.
func fill(out io.Writer, in io.Reader) error {
	_, err := io.Copy(out, in)
	var disk *fs.PathError
	if err != nil && !errors.As(err, &disk) {
		err = fmt.Errorf("%w: %w", ErrNoBackup, err)
	}
	return err
}

// moveFolder puts a folder in the place of another, which is kept under a new name.
func moveFolder(from, to string) error {
	if _, err := os.Stat(from); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	err := os.Rename(to, to+time.Now().UTC().Format(".before-20060102T150405Z"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Rename(from, to)
}
