// SPDX-License-Identifier: Apache-2.0

package store

import (
	"path/filepath"
	"runtime"
	"testing"
	"unsafe"

	sqlite3 "modernc.org/sqlite/lib"
)

func TestLogIsSyncedThroughOurOwnMethod(t *testing.T) {
	if !registerVFS() {
		t.Fatal("the file system cannot be used")
	}
	c, err := openConn(fileURI(filepath.Join(t.TempDir(), "f.db"))+"?vfs="+vfsName, creating...)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	for _, sql := range []string{"CREATE TABLE t (n)", "INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (2)"} {
		if err := c.script(sql); err != nil { // the first sync of a log is SQLite's own
			t.Fatal(err)
		}
	}
	if n, err := c.number("SELECT count(*) FROM t"); n != 2 || err != nil {
		t.Errorf("it holds %d rows: %v", n, err)
	}
	if vfs.methods == 0 {
		t.Error("no log was opened through it")
	}
}

func TestFailedSyncOfTheLogIsFatal(t *testing.T) {
	f := &sqlite3.TunixFile{Fh: -1}
	rc := syncLog(nil, uintptr(unsafe.Pointer(f)), sqlite3.SQLITE_SYNC_FULL)
	runtime.KeepAlive(f)
	if rc != sqlite3.SQLITE_IOERR_FSYNC {
		t.Errorf("it says %d, want %d", rc, sqlite3.SQLITE_IOERR_FSYNC)
	}
}
