// SPDX-License-Identifier: Apache-2.0

package host

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// verified opens the program, compares its checksum and returns the path under which this very file can be executed
// while the file is open: what stands at path later does not matter.
func verified(path, want string) (execPath string, file *os.File, f *fault) {
	st, err := os.Stat(path)
	if err != nil || !st.Mode().IsRegular() {
		return "", nil, misfit(CodeBridgeMissing, "no program at %s", path)
	}
	if want == "" {
		return path, nil, nil
	}
	file, err = os.Open(path)
	if err != nil {
		return "", nil, misfit(CodeStartFailed, "open %s: %w", path, err)
	}
	defer file.Close()
	sum, err := checksum(file)
	if err != nil {
		return "", nil, misfit(CodeStartFailed, "read %s: %w", path, err)
	}
	if !strings.EqualFold(sum, want) {
		return "", nil, misfit(CodeChecksumMismatch, "checksum of %s is %s", path, sum)
	}
	// A low number could be taken by the child's own files on its way to exec.
	fd, err := unix.FcntlInt(file.Fd(), unix.F_DUPFD_CLOEXEC, 10)
	if err != nil {
		return "", nil, misfit(CodeStartFailed, "keep %s open: %w", path, err)
	}
	return fmt.Sprintf("/proc/self/fd/%d", fd), os.NewFile(uintptr(fd), path), nil
}

func checksum(r io.Reader) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
