// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"path/filepath"
	"sync"
	"testing"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// Disk stands between SQLite and a real folder, and fails as it is told. Everything else goes through to real files.
type Disk struct {
	mu   sync.Mutex
	fail func(op DiskOp) (rc int32)
}

// DiskOp is one call to a file of the disk: Kind is "write", "sync" or "truncate". Data and At are of writes, At of truncates.
type DiskOp struct {
	Kind, File string
	Data       []byte
	At         int64
}

// OnDisk puts a disk in front of a folder until the test ends.
func OnDisk(t testing.TB, dir string) *Disk {
	t.Helper()
	shim.once.Do(func() { installShim(t) })
	d := &Disk{}
	shim.Lock()
	defer shim.Unlock()
	shim.disks[dir] = d
	t.Cleanup(func() {
		shim.Lock()
		defer shim.Unlock()
		delete(shim.disks, dir)
	})
	return d
}

// FailWith lets f decide about each call from now on; it returns SQLite's result code, 0 to go on. A nil f repairs the disk.
func (d *Disk) FailWith(f func(op DiskOp) (rc int32)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fail = f
}

func (d *Disk) ask(op DiskOp) int32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fail == nil {
		return 0
	}
	return d.fail(op)
}

// shim is SQLite's default file system, with some methods of its files replaced.
var shim struct {
	sync.Mutex
	once  sync.Once
	real  uintptr // the file system below
	disks map[string]*Disk
	files map[uintptr]openFile
	// methods are our own tables of methods, by the table that they were copied from.
	methods map[uintptr]uintptr
}

type openFile struct {
	path string
	real *sqlite3.Tsqlite3_io_methods
}

// at is what a pointer of C points to.
func at[T any](p uintptr) *T { return *(**T)(unsafe.Pointer(&p)) }

// put stores a Go function where C expects a pointer to one; get reads one back.
func put[F any](slot *uintptr, f F)    { *(*F)(unsafe.Pointer(slot)) = f }
func get[F any](pointer uintptr) (f F) { return *(*F)(unsafe.Pointer(&struct{ uintptr }{pointer})) }

type (
	openFunc     = func(tls *libc.TLS, vfs, name, file uintptr, flags int32, out uintptr) int32
	closeFunc    = func(tls *libc.TLS, file uintptr) int32
	writeFunc    = func(tls *libc.TLS, file, data uintptr, n int32, at int64) int32
	syncFunc     = func(tls *libc.TLS, file uintptr, flags int32) int32
	truncateFunc = func(tls *libc.TLS, file uintptr, size int64) int32
)

func installShim(t testing.TB) {
	tls := libc.NewTLS()
	shim.disks, shim.files, shim.methods = map[string]*Disk{}, map[uintptr]openFile{}, map[uintptr]uintptr{}
	shim.real = sqlite3.Xsqlite3_vfs_find(tls, 0)
	mine := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(sqlite3.Tsqlite3_vfs{})))
	name, err := libc.CString("shim")
	if err != nil || mine == 0 {
		t.Fatal("no memory for the shim", err)
	}
	vfs := at[sqlite3.Tsqlite3_vfs](mine)
	*vfs = *at[sqlite3.Tsqlite3_vfs](shim.real)
	vfs.FzName = name
	put[openFunc](&vfs.FxOpen, shimOpen)
	if rc := sqlite3.Xsqlite3_vfs_register(tls, mine, 1); rc != 0 {
		t.Fatalf("register the shim: %d", rc)
	}
}

func shimOpen(tls *libc.TLS, _, name, file uintptr, flags int32, out uintptr) int32 {
	rc := get[openFunc](at[sqlite3.Tsqlite3_vfs](shim.real).FxOpen)(tls, shim.real, name, file, flags, out)
	f := at[sqlite3.Tsqlite3_file](file)
	if rc != 0 || name == 0 || f.FpMethods == 0 {
		return rc
	}
	shim.Lock()
	defer shim.Unlock()
	shim.files[file] = openFile{path: libc.GoString(name), real: at[sqlite3.Tsqlite3_io_methods](f.FpMethods)}
	f.FpMethods = shimMethods(tls, f.FpMethods)
	return 0
}

func shimMethods(tls *libc.TLS, of uintptr) uintptr {
	if p, ok := shim.methods[of]; ok {
		return p
	}
	p := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(sqlite3.Tsqlite3_io_methods{})))
	m := at[sqlite3.Tsqlite3_io_methods](p)
	*m = *at[sqlite3.Tsqlite3_io_methods](of)
	put[closeFunc](&m.FxClose, shimClose)
	put[writeFunc](&m.FxWrite, shimWrite)
	put[syncFunc](&m.FxSync, shimSync)
	put[truncateFunc](&m.FxTruncate, shimTruncate)
	shim.methods[of] = p
	return p
}

// ask finds the file and asks its disk, if it lies on one.
func (f openFile) ask(kind string, data []byte, at int64) int32 {
	shim.Lock()
	d := shim.disks[filepath.Dir(f.path)]
	shim.Unlock()
	if d == nil {
		return 0
	}
	return d.ask(DiskOp{Kind: kind, File: filepath.Base(f.path), Data: data, At: at})
}

func fileAt(p uintptr) openFile {
	shim.Lock()
	defer shim.Unlock()
	return shim.files[p]
}

func shimClose(tls *libc.TLS, file uintptr) int32 {
	f := fileAt(file)
	shim.Lock()
	delete(shim.files, file)
	shim.Unlock()
	return get[closeFunc](f.real.FxClose)(tls, file)
}

func shimWrite(tls *libc.TLS, file, data uintptr, n int32, to int64) int32 {
	f := fileAt(file)
	if rc := f.ask("write", unsafe.Slice(at[byte](data), n), to); rc != 0 {
		return rc
	}
	return get[writeFunc](f.real.FxWrite)(tls, file, data, n, to)
}

func shimSync(tls *libc.TLS, file uintptr, flags int32) int32 {
	f := fileAt(file)
	if rc := f.ask("sync", nil, 0); rc != 0 {
		return rc
	}
	return get[syncFunc](f.real.FxSync)(tls, file, flags)
}

func shimTruncate(tls *libc.TLS, file uintptr, size int64) int32 {
	f := fileAt(file)
	if rc := f.ask("truncate", nil, size); rc != 0 {
		return rc
	}
	return get[truncateFunc](f.real.FxTruncate)(tls, file, size)
}
