// SPDX-License-Identifier: Apache-2.0

package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSecretsComeFromFilesAndCredentials(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "tg"), []byte(goodToken+"\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]string{"file": "token_file: " + filepath.Join(dir, "tg"), "credential": "token_credential: tg"} {
		cfg := mustLoad(t, "accounts: {a: {network: telegram, "+key+"}}\n", "CREDENTIALS_DIRECTORY="+dir)
		keys := bridgeKeys(t, cfg.Accounts["a"])
		if keys["token"] != goodToken || keys["token_file"] != nil || keys["token_credential"] != nil {
			t.Errorf("%s: %v", name, keys)
		}
	}
	_, problems := Load(writeConfig(t, "accounts: {a: {network: telegram, token_credential: ../tg}}\n"), []string{"CREDENTIALS_DIRECTORY=" + dir}, testSchemas(t))
	if len(problems) != 1 || !strings.Contains(problems[0].Sentence, "not the name of a credential") {
		t.Errorf("a credential outside its folder: %v", problems)
	}
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	text := smallConfig + "    proxy: http://joe:" + goodToken + "@127.0.0.1:1\n"
	cfg := mustLoad(t, text)
	account := cfg.Accounts["tg"]
	var logged bytes.Buffer
	slog.New(slog.NewTextHandler(&logged, nil)).Info("config", "cfg", cfg, "account", *account, "proxy", account.Proxy)
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("config", "cfg", cfg, "account", account)
	out, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	printed := fmt.Sprintf("%v %+v %#v %v %+v %#v %s %s", cfg, *cfg, *cfg, *account, *account, *account, account.Proxy, account.Proxy.GoString()) + logged.String() + string(out)
	if strings.Contains(printed, "MaySee") || !strings.Contains(printed, hiddenText) {
		t.Errorf("a secret was printed: %s", printed)
	}
}

// TestProblemsNeverHoldSecrets puts a marked secret where it does not belong, in many ways.
func TestProblemsNeverHoldSecrets(t *testing.T) {
	environ := []string{"SECRET=" + goodToken}
	for _, text := range []string{
		"data_dir: {x: " + goodToken + "}\n" + smallConfig,
		smallConfig + "listen: ${SECRET}\n",
		smallConfig + "log: {level: '${SECRET}'}\n",
		smallConfig + "log: {level: '" + goodToken + "'}\n",
		smallConfig + "checksums: {a: '${SECRET}'}\n",
		smallConfig + "rooms: {a: {chats: ['" + goodToken + "']}}\n",
		smallConfig + "rooms: {'" + goodToken + "': {chats: ['tg:-1']}}\n",
		smallConfig + "rooms: {a: {chats: ['tg:" + goodToken + "', 'tg:" + goodToken + "']}}\n",
		"accounts: {tg: {network: " + goodToken + "}}\n",
		"accounts: {tg: {network: '${SECRET}', token: '${SECRET}'}}\n",
		"accounts: {'" + goodToken + "': {network: telegram, token: '" + goodToken + "'}}\n",
		"accounts: {tg: {network: telegram, token: '" + goodToken + "!'}}\n",
		"accounts: {tg: {network: telegram, token: ['" + goodToken + "']}}\n",
		"accounts: {tg: {network: telegram, token_file: '" + goodToken + "'}}\n",
		"accounts: {tg: {network: telegram, token_credential: '" + goodToken + "'}}\n",
		"accounts: {tg: {network: telegram, '" + goodToken + "': x}}\n",
		smallConfig + "    api_url: '" + goodToken + "'\n",
		smallConfig + "    proxy: '" + goodToken + "'\n",
		smallConfig + goodToken + "\n",
		smallConfig + "'" + goodToken + "\n",
		smallConfig + "\"" + goodToken + "\\q\"\n",
		smallConfig + "x: !" + goodToken + " y\n",
		smallConfig + "x: &" + goodToken + " y\ny: *" + goodToken + "\n",
		smallConfig + "%YAML " + goodToken + "\n",
	} {
		_, problems := Load(writeConfig(t, text), environ, testSchemas(t))
		if len(problems) == 0 {
			t.Errorf("nothing was said about %q", text)
		}
		for _, p := range problems {
			if line := p.String(); strings.Contains(line, "MaySee") {
				t.Errorf("a secret in %q", line)
			}
		}
	}
}

func TestCheckRefusesASecretInAFileThatEverybodyReads(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		mode os.FileMode
		want int
	}{
		"private file":      {smallConfig, 0o640, 0},
		"public file":       {smallConfig, 0o644, 1},
		"token in the env":  {strings.Replace(smallConfig, goodToken, "${SECRET}", 1), 0o644, 0},
		"proxy's password":  {"accounts: {wa: {network: whatsapp, proxy: 'http://joe:pass@h:1'}}\n", 0o644, 1},
		"proxy without one": {"accounts: {wa: {network: whatsapp, proxy: 'http://h:1'}}\n", 0o644, 0},
	} {
		path := writeConfig(t, c.text)
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		if problems := Check(path, []string{"SECRET=" + goodToken}, testSchemas(t)); len(problems) != c.want {
			t.Errorf("%s: %v", name, problems)
		}
	}
}

// FuzzLoad looks for inputs that break the loader or make it say more than one clean line a problem.
func FuzzLoad(f *testing.F) {
	for _, seed := range []string{wholeConfig, smallConfig, "a: [", "- - - x", "\t", "? x", "x: !!int y", "accounts: {a: {network: telegram, limits: {per_chat: {}}}}"} {
		f.Add([]byte(seed), "TELEGRAM_TOKEN="+goodToken)
	}
	f.Add([]byte(smallConfig), "CAUSEWAY_ACCOUNTS_TG_LIMITS_PER_CHAT=[1/s]")
	schemas := testSchemas(f)
	f.Fuzz(func(t *testing.T, data []byte, env string) {
		l := newLoader("causeway.yaml", []string{env}, schemas)
		root := parseTree(l.path, data, l.report)
		if root != nil {
			l.fromTree(root)
		}
		for _, p := range l.report.sorted() {
			if strings.ContainsAny(p.String(), "\n\r") {
				t.Errorf("more than a line: %q", p)
			}
		}
	})
}

func TestFilesThatMayNotBeReadAreToldWithAWayOut(t *testing.T) {
	denied := &fs.PathError{Op: "open", Path: "/x", Err: fs.ErrPermission}
	if got := readSentence(denied); got != "cannot be read: permission denied" {
		t.Error(got)
	}
	if got := readHint(denied, true); got != "let the user that runs Causeway read it, or use a systemd credential" {
		t.Error(got)
	}
	if got := readSentence(&fs.PathError{Op: "read", Path: "/x", Err: errors.New("input/output error")}); got != "cannot be read: input/output error" {
		t.Error(got)
	}
}
