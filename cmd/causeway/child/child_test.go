// SPDX-License-Identifier: Apache-2.0

package child

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// simulator writes a program that stands for a bridge's simulator.
func simulator(t *testing.T, script string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "causeway-bridge-fake")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestASimulatorThatSaysNothingIsWaitedForUntilTheUserEndsIt(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := StartSimulator(ctx, t.TempDir(), simulator(t, "exec sleep 600\n")); err == nil {
		t.Error("it has started")
	}
}

func TestASimulatorThatCannotStartSaysWhy(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	_, _, err := StartSimulator(t.Context(), t.TempDir(), simulator(t, "echo first >&2; echo the path is too long >&2; exit 1\n"))
	if err == nil || !strings.HasSuffix(err.Error(), ": the path is too long") {
		t.Error(err)
	}
}

func TestAProcessIsFoundByItsParentAndProgram(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	p, err := Start(t.TempDir(), "fake", nil, simulator(t, "exec sleep 600\n"))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Kill()
	if ppid := parentOf(p.Pid()); ppid != os.Getpid() {
		t.Errorf("its parent is %d, want %d", ppid, os.Getpid())
	}
	if pid, err := Of(os.Getpid(), "no such program"); err == nil {
		t.Errorf("found %d", pid)
	}
	if _, err := CPU(p.Pid()); err != nil {
		t.Error(err)
	}
}
