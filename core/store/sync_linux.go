// SPDX-License-Identifier: Apache-2.0

package store

import (
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// SQLite syncs with fdatasync wherever the system has it, which is as safe: it writes the data, the length of the file and
// where its blocks are. Translated to Go it was built without, and fsync also writes the time of the last change, at which
// the file system commits its own journal. So the writer's log is synced here as SQLite means it to be.

// vfs is SQLite's own file system with the sync of logs replaced.
var vfs struct {
	real    uintptr // the one below
	once    sync.Once
	methods uintptr // of a log; a copy of those of
	of      uintptr
	sync    syncFunc // what they do in its place
}

type (
	openFunc = func(tls *libc.TLS, vfs, name, file uintptr, flags int32, out uintptr) int32
	syncFunc = func(tls *libc.TLS, file uintptr, flags int32) int32
)

// at is what a pointer of C points to.
func at[T any](p uintptr) *T { return *(**T)(unsafe.Pointer(&p)) }

// put stores a Go function where C expects a pointer to one; get reads one back.
func put[F any](slot *uintptr, f F)    { *(*F)(unsafe.Pointer(slot)) = f }
func get[F any](pointer uintptr) (f F) { return *(*F)(unsafe.Pointer(&struct{ uintptr }{pointer})) }

const vfsName = "causeway"

// registerVFS returns whether the file system of that name can be used.
var registerVFS = sync.OnceValue(func() bool {
	tls := libc.NewTLS()
	vfs.real = findVFS(tls, "unix")
	mine := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(sqlite3.Tsqlite3_vfs{})))
	name, err := libc.CString(vfsName)
	if vfs.real == 0 || mine == 0 || err != nil {
		return false
	}
	v := at[sqlite3.Tsqlite3_vfs](mine)
	*v = *at[sqlite3.Tsqlite3_vfs](vfs.real)
	v.FzName = name
	put[openFunc](&v.FxOpen, openFile)
	return sqlite3.Xsqlite3_vfs_register(tls, mine, 0) == sqlite3.SQLITE_OK
})

func findVFS(tls *libc.TLS, name string) uintptr {
	c, err := libc.CString(name)
	if err != nil {
		return 0
	}
	defer libc.Xfree(tls, c)
	return sqlite3.Xsqlite3_vfs_find(tls, c)
}

// viaVFS makes a connection use it. Where something else has put itself in the place of SQLite's file system, that is
// left alone.
func viaVFS(dsn string) string {
	tls := libc.NewTLS()
	defer tls.Close()
	if !registerVFS() || sqlite3.Xsqlite3_vfs_find(tls, 0) != vfs.real {
		return dsn
	}
	return dsn + "?vfs=" + vfsName
}

func openFile(tls *libc.TLS, _, name, file uintptr, flags int32, out uintptr) int32 {
	rc := get[openFunc](at[sqlite3.Tsqlite3_vfs](vfs.real).FxOpen)(tls, vfs.real, name, file, flags, out)
	f := at[sqlite3.TunixFile](file)
	if rc != sqlite3.SQLITE_OK || flags&sqlite3.SQLITE_OPEN_WAL == 0 || f.FpMethod == 0 {
		return rc
	}
	vfs.once.Do(func() { copyMethods(tls, f.FpMethod) })
	if f.FpMethod == vfs.of {
		f.FpMethod = vfs.methods
	}
	return rc
}

func copyMethods(tls *libc.TLS, of uintptr) {
	p := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(sqlite3.Tsqlite3_io_methods{})))
	if p == 0 {
		return
	}
	m := at[sqlite3.Tsqlite3_io_methods](p)
	*m = *at[sqlite3.Tsqlite3_io_methods](of)
	vfs.sync = get[syncFunc](m.FxSync)
	put[syncFunc](&m.FxSync, syncLog)
	vfs.of, vfs.methods = of, p
}

// syncLog syncs a log. The first time its folder must be synced too, which is left to SQLite.
func syncLog(tls *libc.TLS, file uintptr, flags int32) int32 {
	f := at[sqlite3.TunixFile](file)
	if f.FctrlFlags&sqlite3.UNIXFILE_DIRSYNC != 0 {
		return vfs.sync(tls, file, flags)
	}
	for {
		switch err := unix.Fdatasync(int(f.Fh)); err {
		case nil:
			return sqlite3.SQLITE_OK
		case unix.EINTR:
		default:
			return sqlite3.SQLITE_IOERR_FSYNC
		}
	}
}
