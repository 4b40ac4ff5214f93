// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/causeway-chat/causeway/config"
)

// journaled is a cli whose standard error is a file, which JOURNAL_STREAM names or not.
func journaled(t *testing.T, s *shell, named bool) (c *cli, read func() string) {
	t.Helper()
	f, err := os.Create(filepath.Join(s.dir, "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	st := info.Sys().(*syscall.Stat_t)
	s.environ = []string{"JOURNAL_STREAM=1:1"}
	if named {
		s.environ = []string{fmt.Sprintf("JOURNAL_STREAM=%d:%d", st.Dev, st.Ino)}
	}
	c = newCLI(strings.NewReader(""), f, f, s.environ, s.wiring)
	return c, func() string {
		b, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
}

func TestJournalGetsPrioritiesAndNoTimes(t *testing.T) {
	c, read := journaled(t, newShell(t), true)
	log := c.logger(config.Log{Level: "debug", Format: "auto"})
	log.Debug("d")
	log.With("account", "tg").Info("i", "x", "a\nb")
	log.WithGroup("g").Warn("w", "time", 1, "level", 2)
	log.Error("e")
	want := "<7>msg=d\n<6>msg=i account=tg x=\"a\\nb\"\n<4>msg=w g.time=1 g.level=2\n<3>msg=e\n"
	if got := read(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestJournalLinesDoNotMix(t *testing.T) {
	c, read := journaled(t, newShell(t), true)
	log := c.logger(config.Log{Level: "info", Format: "auto"})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 100 {
				log.Log(t.Context(), slog.Level(4*(i%3)), "m", "level", 4*(i%3))
			}
		})
	}
	wg.Wait()
	whole := regexp.MustCompile(`^(<6>msg=m level=0|<4>msg=m level=4|<3>msg=m level=8)\n$`)
	n := 0
	for line := range strings.Lines(read()) {
		if n++; !whole.MatchString(line) {
			t.Fatalf("line %d is %q", n, line)
		}
	}
	if n != 800 {
		t.Errorf("%d lines", n)
	}
}

func TestLogIsAsTheConfigSays(t *testing.T) {
	for name, c := range map[string]struct {
		cfg   config.Log
		named bool
		want  string
	}{
		"auto elsewhere":       {config.Log{Level: "info", Format: "auto"}, false, `^time=\S+ level=INFO msg=i\ntime=\S+ level=ERROR msg=e\n$`},
		"text in the journal":  {config.Log{Level: "info", Format: "text"}, true, `^time=\S+ level=INFO msg=i\ntime=`},
		"json in the journal":  {config.Log{Level: "info", Format: "json"}, true, `^{"time":"[^"]+","level":"INFO","msg":"i"}\n{"time"`},
		"the level is obeyed":  {config.Log{Level: "error", Format: "auto"}, true, `^<3>msg=e\n$`},
		"levels of the config": {config.Log{Level: "warn", Format: "json"}, false, `^{"time":"[^"]+","level":"ERROR","msg":"e"}\n$`},
	} {
		cl, read := journaled(t, newShell(t), c.named)
		log := cl.logger(c.cfg)
		log.Debug("d")
		log.Info("i")
		log.Error("e")
		if got := read(); !regexp.MustCompile(c.want).MatchString(got) {
			t.Errorf("%s: %q", name, got)
		}
	}
	var out, errs lockedBuffer
	newShell(t).cli(&out, &errs).logger(config.Log{Level: "info", Format: "json"}).Info("i", "n", 1)
	if !json.Valid([]byte(errs.String())) {
		t.Errorf("no JSON: %s", &errs)
	}
}
