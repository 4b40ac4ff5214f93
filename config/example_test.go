// SPDX-License-Identifier: Apache-2.0

package config

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// bridgeSchemas are those that the bridges of this module commit.
func bridgeSchemas(t *testing.T) map[string]*Schema {
	t.Helper()
	schemas, err := ReadSchemas(filepath.Join("..", "bridges"))
	if err != nil {
		t.Fatal(err)
	}
	return schemas
}

func TestGeneratedFilesAreFresh(t *testing.T) {
	for name, want := range Generated(bridgeSchemas(t)) {
		got, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s is stale: run go generate ./config\n%s", name, diff)
		}
	}
}

func TestExampleLoadsWithoutProblems(t *testing.T) {
	schemas := testSchemas(t)
	if bridges := bridgeSchemas(t); len(bridges) > 0 {
		schemas = bridges
	}
	loadText(t, string(Example(schemas)), schemas)
}

var commentedOut = regexp.MustCompile(`(?m)^( *)#([^ ])`)

func TestEverySettingThatIsCommentedOutIsValid(t *testing.T) {
	schemas := testSchemas(t)
	cfg := loadText(t, commentedOut.ReplaceAllString(string(Example(schemas)), "$1$2"), schemas)
	if len(cfg.Rooms["lobby"].Chats) != len(schemas)+1 || cfg.Accounts["wa"].Limits == nil || cfg.PluginDir == "" {
		t.Errorf("settings were not taken: %+v", cfg)
	}
}

func loadText(t *testing.T, text string, schemas map[string]*Schema) *Config {
	t.Helper()
	environ := []string{
		"TELEGRAM_TOKEN=" + goodToken,
		"WHATSAPP_ROOT_KEY=00000000000000000000000000000000000000000000000000000000000000ab",
	}
	cfg, problems := Load(writeConfig(t, text), environ, schemas)
	for _, p := range problems {
		t.Errorf("%s\n%s", p, text)
	}
	if cfg == nil {
		t.FailNow()
	}
	return cfg
}

func TestJSONSchemaIsJSONAndKnowsTheNetworks(t *testing.T) {
	data := JSONSchema(testSchemas(t))
	var s Schema
	if err := json.Unmarshal(data, &s); err != nil {
		t.Fatal(err)
	}
	accounts := s.Properties.Get("accounts").extra()
	if len(accounts.AnyOf) != 3 || accounts.AnyOf[1].Properties.Get("token_file") == nil || s.Description == "" {
		t.Errorf("%s", data)
	}
}

func TestReferenceNamesEveryKey(t *testing.T) {
	page := string(Reference(testSchemas(t)))
	for _, key := range []string{"data_dir", "notice_after", "on_uncertain", "per_chat", "api_url", "root_key", "retry_cap"} {
		if !strings.Contains(page, "| `"+key+"` |") {
			t.Errorf("%s is missing:\n%s", key, page)
		}
	}
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "| `") && strings.HasSuffix(strings.TrimSpace(line), "|  |") {
			t.Errorf("a key without a meaning: %s", line)
		}
	}
}

func TestStarterAsksLittleAndLoads(t *testing.T) {
	schemas := testSchemas(t)
	if q := Questions(schemas); len(q) > 4 || q[0].Default != "telegram" {
		t.Errorf("questions: %+v", q)
	}
	path := filepath.Join(t.TempDir(), "my config.yaml")
	next, err := WriteStarter(path, "causeway", Answers{"networks": "telegram, whatsapp", "secret": goodToken, "data_dir": "/srv/causeway"}, schemas)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"causeway check -c '" + path + "'", "causeway run -c '" + path + "'", "causeway pair wa -c '" + path + "'", "causeway chat ls -c '" + path + "'"}
	if diff := cmp.Diff(want, next); diff != "" {
		t.Error(diff)
	}
	cfg, problems := Load(path, nil, schemas)
	if len(problems) > 0 || cfg.DataDir != "/srv/causeway" || len(cfg.Accounts) != 2 || bridgeKeys(t, cfg.Accounts["tg"])["token"] != goodToken {
		t.Errorf("%v %+v", problems, cfg)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode: %v %v", info.Mode(), err)
	}
	if _, err := WriteStarter(path, "bin/causeway", nil, schemas); !errors.Is(err, os.ErrExist) {
		t.Errorf("a file was overwritten: %v", err)
	}
}

func TestStarterTakesTheTokenFromTheEnvironment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "causeway.yaml")
	next, err := WriteStarter(path, "bin/causeway", nil, testSchemas(t))
	if err != nil || !strings.HasPrefix(next[0], "export TELEGRAM_TOKEN=… && bin/causeway check") {
		t.Fatalf("%v %v", next, err)
	}
	if cfg, problems := Load(path, []string{"TELEGRAM_TOKEN=" + goodToken}, testSchemas(t)); len(problems) > 0 {
		t.Errorf("%v %+v", problems, cfg)
	}
}

func TestStarterRefusesBadAnswers(t *testing.T) {
	for name, answers := range map[string]Answers{
		"network":      {"networks": "telegarm"},
		"no network":   {"networks": ","},
		"token":        {"secret": goodToken + "!"},
		"manual token": {"secret": "123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11"},
		"listen":       {"listen": "here"},
		"public":       {"listen": "0.0.0.0:80"},
	} {
		path := filepath.Join(t.TempDir(), "causeway.yaml")
		_, err := WriteStarter(path, "causeway", answers, testSchemas(t))
		if checked := CheckAnswers(answers, testSchemas(t)); checked == nil || checked.Error() != err.Error() {
			t.Errorf("%s: checked %v, written %v", name, checked, err)
		}
		if err == nil || strings.Contains(err.Error(), "MaySee") {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s: a file was written", name)
		}
	}
}
