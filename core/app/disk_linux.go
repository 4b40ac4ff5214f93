// SPDX-License-Identifier: Apache-2.0

package app

import "golang.org/x/sys/unix"

// freeBytes is what the file system of a folder has left for us; 0 when it cannot be asked.
func freeBytes(dir string) int64 {
	var st unix.Statfs_t
	if unix.Statfs(dir, &st) != nil {
		return 0
	}
	return int64(st.Bavail) * st.Bsize
}
