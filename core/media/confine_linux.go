// SPDX-License-Identifier: Apache-2.0

package media

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// maxProgramMemory bounds the address space of a converting program.
const maxProgramMemory = 2 << 30

// politeness is how much a converting program stands back behind others.
const politeness = 10

// confine puts a program into a process group of its own, which ends as a whole, and with the thread that began it.
func confine(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

// bound limits memory and output of a program that runs. One that has just ended needs no limits.
func bound(pid int, maxBytes int64) {
	_ = unix.Prlimit(pid, unix.RLIMIT_AS, &unix.Rlimit{Cur: maxProgramMemory, Max: maxProgramMemory}, nil)
	_ = unix.Prlimit(pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: uint64(maxBytes), Max: uint64(maxBytes)}, nil)
	_ = unix.Setpriority(unix.PRIO_PGRP, pid, politeness)
}
