// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

var (
	kills = flag.Int("kills", 100, "how often TestKillsLoseNothing kills a process; a tenth of it with -short")
	seed  = flag.Uint64("seed", 0, "makes the moments of kills and the fuzzed updates repeatable; 0 for a random one")
)

// bin is where TestMain has built the programs.
var bin string

// TestMain builds the real programs once. Every test of this package runs them as processes.
// Most of them wait most of the time, so that some run at once also on few cores.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == onADisk {
		if err := runOnADisk(os.Args[2], os.Args[3]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if err := flag.Set("test.parallel", "4"); err != nil { // the command line has the last word
		panic(err)
	}
	flag.Parse()
	code, err := buildAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func buildAndRun(m *testing.M) (code int, err error) {
	if bin, err = os.MkdirTemp("", "causeway-bin-"); err != nil {
		return 0, err
	}
	defer os.RemoveAll(bin)
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", bin+string(filepath.Separator), "./cmd/...")
	build.Dir = filepath.Join("..", "..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build the programs: %w\n%s", err, out)
	}
	return m.Run(), nil
}
