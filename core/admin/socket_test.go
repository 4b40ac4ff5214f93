// SPDX-License-Identifier: Apache-2.0

package admin_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/causeway-chat/causeway/core/admin"
)

func TestSocketIsForItsOwnerAlone(t *testing.T) {
	opt := options(t, &desk{})
	if err := os.MkdirAll(filepath.Dir(opt.Socket), 0o777); err != nil {
		t.Fatal(err)
	}
	start(t, opt)
	for path, want := range map[string]os.FileMode{opt.Socket: 0o600, filepath.Dir(opt.Socket): 0o700} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has %v (%v), want %v", path, info.Mode(), err, want)
		}
	}
}

func TestSocketOfADeadRouterIsReplaced(t *testing.T) {
	opt := options(t, &desk{})
	if err := os.MkdirAll(filepath.Dir(opt.Socket), 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", opt.Socket)
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	l.Close()
	s := start(t, opt)
	if _, err := s.client.Do(t.Context(), status); err != nil {
		t.Error(err)
	}
}

func TestSocketOfALiveRouterIsLeftAlone(t *testing.T) {
	opt := options(t, &desk{})
	first := start(t, opt)
	second := opt
	second.Listen = ""
	if err := admin.New(second).Listen(); !errors.Is(err, admin.ErrInUse) {
		t.Errorf("error is %v", err)
	}
	if _, err := first.client.Do(t.Context(), status); err != nil {
		t.Errorf("the first was hurt: %v", err)
	}
}

func TestSocketTakesNoOtherFilesPlace(t *testing.T) {
	opt := options(t, &desk{})
	if err := os.MkdirAll(filepath.Dir(opt.Socket), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(opt.Socket, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := admin.New(opt).Listen(); err == nil || !strings.Contains(err.Error(), "is no socket") {
		t.Errorf("error is %v", err)
	}
	if b, err := os.ReadFile(opt.Socket); err != nil || string(b) != "precious" {
		t.Errorf("%q, %v", b, err)
	}
}

func TestSocketPathHasItsLimit(t *testing.T) {
	dir := shortDir(t)
	long := filepath.Join(dir, strings.Repeat("x", 107-len(dir)-1))
	if err := admin.CheckSocketPath(long); err != nil {
		t.Error(err)
	}
	opt := options(t, &desk{})
	opt.Socket = long
	s := start(t, opt)
	if _, err := s.client.Do(t.Context(), status); err != nil {
		t.Errorf("a path of 107 bytes: %v", err)
	}
	opt.Socket += "y"
	err := admin.New(opt).Listen()
	if want := fmt.Sprintf("control socket: the path %s has 108 bytes and a unix socket takes 107: choose a shorter data_dir", opt.Socket); err == nil || err.Error() != want {
		t.Errorf("error is %v", err)
	}
}

func TestTakenAddressLeavesNoSocketBehind(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	opt := options(t, &desk{})
	opt.Listen = l.Addr().String()
	err = admin.New(opt).Listen()
	if want := "health and metrics: another program uses the address " + opt.Listen + ": choose another for listen"; err == nil || err.Error() != want {
		t.Errorf("error is %v", err)
	}
	if _, err := os.Stat(opt.Socket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is there: %v", err)
	}
}

func TestProbeTellsWhetherSomebodyAnswers(t *testing.T) {
	opt := options(t, &desk{})
	if err := admin.Probe(opt.Socket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("before: %v", err)
	}
	s := start(t, opt)
	if err := admin.Probe(opt.Socket); err != nil {
		t.Errorf("running: %v", err)
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	if admin.Probe(opt.Socket) == nil {
		t.Error("somebody answers after the end")
	}
}
