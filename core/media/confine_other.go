// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package media

import "os/exec"

// confine does nothing more here: the program itself is killed when its time is over.
func confine(*exec.Cmd) {}

// bound is not known on this system; what a program makes is measured when it has ended.
func bound(int, int64) {}
