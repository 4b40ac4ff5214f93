// SPDX-License-Identifier: Apache-2.0

package app

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// handOver gives everything in a folder to the folder's owner. Root restores for the user that runs the router, who could
// open nothing of root's. For anybody else there is nothing to give.
func handOver(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	uid, gid, err := ownerOf(root)
	if err != nil || os.Geteuid() != 0 || uid == 0 {
		return err
	}
	return fs.WalkDir(root.FS(), ".", func(name string, _ fs.DirEntry, err error) error {
		return errors.Join(err, root.Lchown(name, uid, gid))
	})
}

func ownerOf(root *os.Root) (uid, gid int, err error) {
	info, err := root.Stat(".")
	if err != nil {
		return 0, 0, err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return os.Geteuid(), os.Getegid(), nil
	}
	return int(st.Uid), int(st.Gid), nil
}
