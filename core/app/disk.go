// SPDX-License-Identifier: Apache-2.0

package app

import (
	"io/fs"
	"path/filepath"
)

// folderSize sums the files of a folder; one that is not there has none.
func folderSize(dir string) (bytes int64) {
	// The function returns no error, so neither does WalkDir.
	_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return nil
		}
		if st, err := e.Info(); err == nil {
			bytes += st.Size()
		}
		return nil
	})
	return bytes
}
