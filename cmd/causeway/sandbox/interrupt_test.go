// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestASandboxThatIsEndedWhileItStartsLeavesNothing is in the process, because it wants a folder for what is temporary.
func TestASandboxThatIsEndedWhileItStartsLeavesNothing(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out bytes.Buffer
	if err := Run(ctx, Options{BinDir: bin, Out: &out}); err != nil || out.Len() > 0 {
		t.Errorf("error %v, said %q", err, &out)
	}
	if left, err := filepath.Glob(filepath.Join(temp, "causeway-sandbox-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, error %v", left, err)
	}
}

func TestNobodyIsToldToChangeAnythingInASandbox(t *testing.T) {
	t.Parallel()
	s := startSandbox(t)
	status := func() (codes map[string]string) {
		cmd := exec.CommandContext(t.Context(), filepath.Join(bin, "causeway"), "status", "--json", "-c", filepath.Join(s.folder, "causeway.yaml"))
		cmd.Stderr = os.Stderr
		text, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Accounts []struct{ Name, State, Code string }
		}
		if err := json.Unmarshal(text, &got); err != nil || len(got.Accounts) != len(kinds) {
			t.Fatalf("%s: %v", text, err)
		}
		codes = map[string]string{}
		for _, a := range got.Accounts {
			codes[a.Name] = a.State + a.Code
		}
		return codes
	}
	eventually(t, "accounts with nothing to say", func() bool {
		for _, code := range status() {
			if code != "connected" {
				return false
			}
		}
		return true
	})
}
