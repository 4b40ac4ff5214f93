// SPDX-License-Identifier: Apache-2.0

// Package causeway_test checks the rules that hold for the whole tree: who may import whom, and that every file
// names its licence.
package causeway_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/causeway-chat/causeway/"

// allowed lists, for each folder, which folders of this module it may import besides itself and what is below
// it. A folder is governed by its longest listed prefix. Non-test imports only: tests may use simulators.
var allowed = map[string][]string{
	"core/chat":                    {},
	"core/room":                    {"core/chat"},
	"core/person":                  {"core/chat"},
	"core/render":                  {"core/chat"},
	"core/media":                   {"core/chat"},
	"core/route":                   {"core/chat", "core/room", "core/person"},
	"core/outbox":                  {"core/chat", "core/room", "core/render", "core/media"},
	"core/outage":                  {"core/chat", "core/room"},
	"core/command":                 {"core/chat", "core/room", "core/person"},
	"core/store":                   {"core/chat", "core/room", "core/person", "core/route", "core/outbox", "core/outage"},
	"core/admin":                   {"core/chat", "core/command"},
	"core/app":                     {"core/", "config", "plugins/host"},
	"plugins/wire":                 {"core/chat"},
	"plugins/sdk":                  {"core/chat", "plugins/wire"},
	"plugins/host":                 {"core/chat", "plugins/wire"},
	"bridges/sim":                  {},
	"bridges/gen":                  {"core/chat", "bridges/bridgetest/matrix"},
	"bridges/bridgetest":           {"core/chat", "plugins/host", "bridges/sim"},
	"bridges/bridgetest/matrix":    {"core/chat"},
	"bridges/telegram":             {"core/chat", "plugins/sdk", "bridges/sim", "bridges/telegram/sim"},
	"bridges/telegram/sim":         {"bridges/sim"},
	"bridges/whatsapp":             {"core/chat", "plugins/sdk", "bridges/sim", "bridges/whatsapp/sim"},
	"bridges/whatsapp/sim":         {"bridges/sim"},
	"bridges/signal":               {"core/chat", "plugins/sdk", "bridges/sim", "bridges/signal/sim"},
	"bridges/signal/sim":           {"bridges/sim"},
	"cmd/causeway":                 {"core/app", "core/command", "core/admin", "config", "cmd/causeway/bench", "cmd/causeway/sandbox"},
	"cmd/causeway/bench":           {"core/chat", "core/room", "core/route", "core/store", "config", "bridges/sim", "cmd/causeway/child"},
	"cmd/causeway/child":           {"bridges/sim"},
	"cmd/causeway/sandbox":         {"bridges/sim", "cmd/causeway/child"},
	"cmd/causeway-bridge-telegram": {"bridges/telegram", "plugins/sdk"},
	"cmd/causeway-bridge-whatsapp": {"bridges/whatsapp", "plugins/sdk"},
	"cmd/causeway-bridge-signal":   {"bridges/signal", "plugins/sdk"},
	"config":                       {"core/chat"},
}

func TestImportsFollowTheDesign(t *testing.T) {
	for pkg, imports := range moduleImports(t) {
		rule, ok := ruleFor(pkg)
		if !ok {
			t.Errorf("%s has no import rule: add its folder to the table in this test", pkg)
			continue
		}
		for _, imp := range imports {
			if !mayImport(rule, imp) {
				t.Errorf("%s imports %s; its folder may import only %v", pkg, imp, allowed[rule])
			}
		}
	}
}

func TestNouns_ImportTheStandardLibraryAlone(t *testing.T) {
	for _, imp := range goList(t, "-f", `{{join .Imports "\n"}}`, "./core/chat") {
		if strings.Contains(strings.Split(imp, "/")[0], ".") {
			t.Errorf("core/chat imports %s; it may import the standard library alone", imp)
		}
	}
}

func TestTheRouterLinksNoNetworkLibrary(t *testing.T) {
	for _, dep := range goList(t, "-deps", "./cmd/causeway") {
		for _, bad := range []string{"github.com/go-telegram/", "go.mau.fi/", module + "bridges/telegram", module + "bridges/whatsapp", module + "bridges/signal"} {
			if strings.HasPrefix(dep, bad) {
				t.Errorf("causeway links %s; networks belong into their bridge's process", dep)
			}
		}
	}
}

func TestOnlyTheWhatsAppBridgeImportsMau(t *testing.T) {
	for pkg, imports := range allImports(t) {
		if strings.Contains(pkg, "whatsapp") {
			continue
		}
		for _, imp := range imports {
			if strings.HasPrefix(imp, "go.mau.fi/") || strings.HasPrefix(imp, module+"bridges/whatsapp") {
				t.Errorf("%s imports %s, which is GPL-3.0-or-later", pkg, imp)
			}
		}
	}
}

func TestEveryFileNamesItsLicence(t *testing.T) {
	for _, name := range trackedFiles(t) {
		if !needsSPDX(name) {
			continue
		}
		if !headNamesLicence(t, name) {
			t.Errorf("%s has no SPDX-License-Identifier in its first ten lines", name)
		}
	}
}

func TestTheWhatsAppBridgeAloneIsGPL(t *testing.T) {
	for _, name := range trackedFiles(t) {
		want := "Apache-2.0"
		if strings.Contains(name, "whatsapp") {
			want = "GPL-3.0-or-later"
		}
		if filepath.Ext(name) == ".go" && needsSPDX(name) && !headContains(t, name, "SPDX-License-Identifier: "+want) {
			t.Errorf("%s is not under %s", name, want)
		}
	}
}

func needsSPDX(name string) bool {
	if strings.Contains(name, "testdata/") {
		return false
	}
	return slices.Contains([]string{".go", ".proto", ".sql", ".md", ".yaml", ".sh", ".mod"}, filepath.Ext(name))
}

func headNamesLicence(t *testing.T, name string) bool {
	t.Helper()
	return headContains(t, name, "SPDX-License-Identifier: ")
}

func headContains(t *testing.T, name, line string) bool {
	t.Helper()
	f, err := os.Open(name)
	if os.IsNotExist(err) {
		return true // deleted, not yet committed
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	for range 10 {
		if s.Scan() && strings.Contains(s.Text(), line) {
			return true
		}
	}
	return false
}

func ruleFor(pkg string) (string, bool) {
	for p := pkg; p != "."; p = filepath.Dir(p) {
		if _, ok := allowed[p]; ok {
			return p, true
		}
	}
	return "", false
}

// mayImport allows what is below the rule's own folder, the listed folders, and prefixes that end in a slash.
func mayImport(rule, imp string) bool {
	if imp == rule || strings.HasPrefix(imp, rule+"/") && rule != "bridges/sim" {
		return true
	}
	return slices.ContainsFunc(allowed[rule], func(ok string) bool {
		return imp == ok || strings.HasSuffix(ok, "/") && strings.HasPrefix(imp, ok) || strings.HasPrefix(imp, ok+"/")
	})
}

// moduleImports maps each package of the module to the module's packages that it imports, without the module path.
func moduleImports(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for pkg, imports := range allImports(t) {
		var own []string
		for _, imp := range imports {
			if rest, ok := strings.CutPrefix(imp, module); ok {
				own = append(own, rest)
			}
		}
		out[pkg] = own
	}
	return out
}

func allImports(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, line := range goList(t, "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...") {
		fields := strings.Fields(line)
		if rest, ok := strings.CutPrefix(fields[0], module); ok {
			out[rest] = fields[1:]
		}
	}
	return out
}

func goList(t *testing.T, args ...string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list"}, args...)...)
	cmd.Stderr = os.Stderr
	b, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list %v: %v", args, err)
	}
	return strings.Split(strings.TrimSpace(string(b)), "\n")
}

func trackedFiles(t *testing.T) []string {
	t.Helper()
	b, err := exec.CommandContext(t.Context(), "git", "ls-files").Output()
	if err != nil {
		t.Skip("not a git checkout: ", err)
	}
	return strings.Split(strings.TrimSpace(string(b)), "\n")
}
