// SPDX-License-Identifier: Apache-2.0

package config

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const goodToken = "424242:AAmarkedSecretThatNobodyMaySee123456"

// testSchemas are the networks that the tests of this package know.
func testSchemas(t testing.TB) map[string]*Schema {
	t.Helper()
	out := map[string]*Schema{}
	for _, network := range []string{"telegram", "whatsapp", "signal"} {
		data, err := os.ReadFile(filepath.Join("testdata", "schemas", network+".json"))
		if err != nil {
			t.Fatal(err)
		}
		if out[network], err = ParseSchema(data); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func writeConfig(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "causeway.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func mustLoad(t *testing.T, text string, environ ...string) *Config {
	t.Helper()
	path := writeConfig(t, text)
	cfg, problems := Load(path, environ, testSchemas(t))
	for _, p := range problems {
		t.Error(p)
	}
	if cfg == nil {
		t.FailNow()
	}
	return cfg
}

func bridgeKeys(t *testing.T, a *Account) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal(a.BridgeConfig(), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

const wholeConfig = `
data_dir: /var/lib/causeway
listen: 127.0.0.1:8787
plugin_dir: /usr/lib/causeway
accounts:
  tg:
    network: telegram
    token: ${TELEGRAM_TOKEN}
    api_url: https://api.telegram.org
    poll_timeout: 1m
    limits: {per_chat: [1/s, 20/min], per_account: 30/s}
  wa:
    network: whatsapp
    proxy: http://127.0.0.1:9080
    limits: off
    endpoint:
      ca_file: sim-ca.pem
      root_key: ` + "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" + `
  sig:
    network: signal
    number: +447700900123
    rpc: unix:///run/signal-cli/socket
    files_dir: /var/lib/signal-files
rooms:
  lobby:
    chats: ["tg:-1001234567890", "wa:120363041234567890@g.us", {chat: "sig:group.AbCd=", direction: out}]
outage: {notice_after: 3s}
retention: {bodies: 2d}
`

func TestLoadReadsEveryPartOfAConfig(t *testing.T) {
	cfg := mustLoad(t, wholeConfig, "TELEGRAM_TOKEN="+goodToken)
	link := func(account, remote, direction string) Link {
		return Link{Chat: Chat{account, remote}, Direction: direction, NameStyle: "line", OnUncertain: "repeat", Notices: "changes", CatchUp: "all"}
	}
	want := map[string]*Room{"lobby": {Title: "lobby", Language: "en", Chats: []Link{
		link("tg", "-1001234567890", "both"), link("wa", "120363041234567890@g.us", "both"), link("sig", "group.AbCd=", "out"),
	}}}
	if diff := cmp.Diff(want, cfg.Rooms); diff != "" {
		t.Error(diff)
	}
	limits := &Limits{PerChat: []Rate{{1, time.Second}, {20, time.Minute}}, PerAccount: []Rate{{30, time.Second}}}
	if diff := cmp.Diff(limits, cfg.Accounts["tg"].Limits); diff != "" {
		t.Error(diff)
	}
	if !cfg.Accounts["wa"].Limits.Off || cfg.Accounts["sig"].Limits != nil {
		t.Error("limits: off, or no limits, were not read as such")
	}
	if cfg.Outage.NoticeAfter != 3*time.Second || cfg.Retention.Bodies != 48*time.Hour || cfg.Retention.Keys != 35*24*time.Hour {
		t.Errorf("times: %+v %+v", cfg.Outage, cfg.Retention)
	}
	if cfg.Outbox.RetryCap != 5*time.Minute || cfg.Media.MaxSize != 100e6 || cfg.Log.Level != "info" {
		t.Errorf("defaults: %+v %+v %+v", cfg.Outbox, cfg.Media, cfg.Log)
	}
}

func TestBridgeConfigHoldsTheBridgesOwnKeys(t *testing.T) {
	cfg := mustLoad(t, wholeConfig, "TELEGRAM_TOKEN="+goodToken)
	want := map[string]any{"token": goodToken, "api_url": "https://api.telegram.org", "poll_timeout": "1m0s"}
	if diff := cmp.Diff(want, bridgeKeys(t, cfg.Accounts["tg"])); diff != "" {
		t.Error(diff)
	}
	wa := bridgeKeys(t, cfg.Accounts["wa"])
	if wa["proxy"] != "http://127.0.0.1:9080" || wa["limits"] != nil || wa["network"] != nil {
		t.Errorf("whatsapp: %v", wa)
	}
	if ca := wa["endpoint"].(map[string]any)["ca_file"].(string); !filepath.IsAbs(ca) || filepath.Base(ca) != "sim-ca.pem" {
		t.Errorf("ca_file is not absolute: %s", ca)
	}
	if sig := bridgeKeys(t, cfg.Accounts["sig"]); sig["number"] != "+447700900123" {
		t.Errorf("an unquoted phone number became %v", sig["number"])
	}
}

func TestPathsStartAtTheConfigsFolder(t *testing.T) {
	path := writeConfig(t, "data_dir: data\naccounts: {wa: {network: whatsapp}}\n")
	cfg, problems := Load(path, nil, testSchemas(t))
	if len(problems) > 0 || cfg.DataDir != filepath.Join(filepath.Dir(path), "data") || cfg.PluginDir != "" {
		t.Errorf("%v %+v", problems, cfg)
	}
	if want := filepath.Join(cfg.DataDir, "run", "control.sock"); cfg.ControlSocket() != want {
		t.Errorf("control socket %s, want %s", cfg.ControlSocket(), want)
	}
}

func TestUnusableNetworksAreTheChecksBusiness(t *testing.T) {
	path := writeConfig(t, "accounts:\n  m: {network: matrix, homeserver: x}\n")
	schemas := map[string]*Schema{"matrix": Unusable("cannot be used: no program causeway-bridge-matrix", "did you mean telegram?")}
	if cfg, problems := Load(path, nil, schemas); cfg == nil || cfg.Accounts["m"].Network != "matrix" {
		t.Errorf("load: %v", problems)
	}
	want := []Problem{{File: path, Line: 2, Col: 16, Key: "accounts.m.network", Sentence: "cannot be used: no program causeway-bridge-matrix", Suggestion: "did you mean telegram?"}}
	if diff := cmp.Diff(want, Check(path, nil, schemas)); diff != "" {
		t.Errorf("check (-want +got):\n%s", diff)
	}
}

func TestPeekPassesOverMistakes(t *testing.T) {
	cfg, err := Peek(writeConfig(t, "plugin_dir: /p\naccounts: {x: {network: matrix, token: '${UNSET}', a: 1}, y: 3}\nnonsense: 1\n"), nil)
	if err != nil || cfg.PluginDir != "/p" || cfg.Accounts["x"].Network != "matrix" {
		t.Errorf("%v %+v", err, cfg)
	}
	if _, err := Peek(writeConfig(t, "a: [\n"), nil); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("broken YAML: %v", err)
	}
	if _, err := Peek(filepath.Join(t.TempDir(), "none.yaml"), nil); !os.IsNotExist(err) {
		t.Errorf("no file: %v", err)
	}
}
