// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"bytes"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/causeway-chat/causeway/cmd/causeway/child"
)

// TestTheBridgeOfThePageWorks builds the program that docs/bridges.md shows and lets the router run it.
func TestTheBridgeOfThePageWorks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	buildOfPage(t, dir)
	paper := filepath.Join(dir, "paper")
	if err := os.Mkdir(paper, 0o700); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "causeway.yaml")
	write(t, config, "data_dir: data\nlisten: 127.0.0.1:0\nplugin_dir: .\naccounts:\n  desk: {network: paper, folder: paper}\n"+
		"rooms:\n  lobby: {chats: [\"desk:left\", \"desk:right\"]}\n")
	if out, err := exec.CommandContext(t.Context(), filepath.Join(bin, "causeway"), "check", "-c", config).CombinedOutput(); err != nil {
		t.Fatalf("check: %v\n%s", err, out)
	}
	runtime.LockOSThread() // children die with the thread that started them
	router, err := child.Start(dir, "router", nil, filepath.Join(bin, "causeway"), "run", "-c", config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { router.Stop(patience) })
	write(t, filepath.Join(paper, "left.in"), "hello, paper\nhalf a li")
	eventually(t, "copy", func() bool { return read(filepath.Join(paper, "right.out")) == "Writer\nhello, paper\n" })
}

// buildOfPage writes the page's only Go program into a folder and builds it there.
func buildOfPage(t *testing.T, dir string) {
	t.Helper()
	page := read(filepath.Join("..", "..", "..", "docs", "bridges.md"))
	_, rest, _ := bytes.Cut([]byte(page), []byte("```go\n"))
	code, _, found := bytes.Cut(rest, []byte("```\n"))
	if tidy, err := format.Source(code); !found || err != nil || !bytes.Equal(tidy, code) {
		t.Fatalf("the page has no program that gofmt leaves as it is: %v", err)
	}
	file := filepath.Join(dir, "main.go")
	write(t, file, string(code))
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(dir, "causeway-bridge-paper"), file).CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// read is what stands in a file; "" when it is not there.
func read(file string) string {
	text, _ := os.ReadFile(file) // not there yet: nothing
	return string(text)
}
