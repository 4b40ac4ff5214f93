// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/goleak"

	"github.com/causeway-chat/causeway/config"
	"github.com/causeway-chat/causeway/core/admin"
	"github.com/causeway-chat/causeway/core/app"
	"github.com/causeway-chat/causeway/core/command"
)

func TestMain(m *testing.M) {
	cobra.EnableCommandSorting = false // as main does
	goleak.VerifyTestMain(m)
}

// markedToken is a good token that must never be printed.
const markedToken = "424242:AAmarkedSecretThatNobodyMaySee123456"

// shell runs command lines of this program inside the test.
type shell struct {
	dir     string
	environ []string
	wiring  wiring
	// change may prepare the cli of each run; nil for nothing.
	change func(*cli)
}

// newShell is one with an installed bridge for Telegram, in a folder whose path leaves room for sockets.
func newShell(t *testing.T) *shell {
	t.Helper()
	dir, err := os.MkdirTemp("", "cw")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return &shell{dir: dir, wiring: wiring{ffmpeg: func() string { return "/bin/ffmpeg" }, backup: app.Backup, restore: app.Restore, bridges: func(context.Context, *config.Config) []app.FoundBridge {
		return []app.FoundBridge{{Network: "telegram", Path: "/lib/causeway-bridge-telegram", Schema: telegram(t)}}
	}}}
}

// telegram is the schema that the bridge commits.
func telegram(t *testing.T) *config.Schema {
	t.Helper()
	schemas, err := config.ReadSchemas(filepath.Join("..", "..", "bridges"))
	if err != nil || schemas["telegram"] == nil {
		t.Fatalf("the schema of the Telegram bridge: %v", err)
	}
	return schemas["telegram"]
}

// outcome is what one run left.
type outcome struct {
	code     int
	out, err string
}

func (s *shell) run(t *testing.T, args ...string) outcome {
	t.Helper()
	return s.runCtx(t.Context(), args...)
}

func (s *shell) runCtx(ctx context.Context, args ...string) outcome {
	var out, errs lockedBuffer
	code := s.cli(&out, &errs).execute(ctx, args)
	return outcome{code, out.String(), errs.String()}
}

func (s *shell) cli(out, errs *lockedBuffer) *cli {
	c := newCLI(strings.NewReader(""), out, errs, s.environ, s.wiring)
	if s.change != nil {
		s.change(c)
	}
	return c
}

// file writes a file into the shell's folder and returns its path.
func (s *shell) file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// config writes a good config that keeps its data in the shell's folder.
func (s *shell) config(t *testing.T) string {
	t.Helper()
	return s.file(t, "causeway.yaml", "data_dir: data\nlisten: 127.0.0.1:0\nplugin_dir: plugins\naccounts:\n  tg:\n    network: telegram\n    token: "+markedToken+"\n")
}

// wantError checks the code and what stderr says.
func (o outcome) wantError(t *testing.T, code int, err string) {
	t.Helper()
	if o.code != code || o.err != err || o.out != "" {
		t.Errorf("exit %d, stdout %q, stderr\n%swant exit %d and stderr\n%s", o.code, o.out, o.err, code, err)
	}
}

// wantGood checks that the run succeeded and that it told no secret.
func (o outcome) wantGood(t *testing.T) outcome {
	t.Helper()
	if o.code != 0 {
		t.Errorf("exit %d: %s", o.code, o.err)
	}
	if strings.Contains(o.out+o.err, markedToken) {
		t.Errorf("a secret was told: %s%s", o.out, o.err)
	}
	return o
}

// errorOf reads an error as scripts do.
func (o outcome) errorOf(t *testing.T) command.Error {
	t.Helper()
	var body admin.ErrorBody
	d := json.NewDecoder(strings.NewReader(o.err))
	d.DisallowUnknownFields()
	if err := d.Decode(&body); err != nil || body.Error == nil || d.More() {
		t.Fatalf("stderr is not one error: %q (%v)", o.err, err)
	}
	return *body.Error
}

// decode reads stdout as JSON.
func decode[T any](t *testing.T, o outcome) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(o.out), &v); err != nil {
		t.Fatalf("stdout is no such JSON: %v\n%s", err, o.out)
	}
	return v
}

// lockedBuffer is written and read by several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// waitFor looks again and again until ok. Its patience ends only tests that hang.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.After(3 * time.Minute); !ok(); {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("waited too long for %s", what)
		}
	}
}
