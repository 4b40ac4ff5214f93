// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/config"
)

func TestSettingsAreReadWithTheirDefaults(t *testing.T) {
	cfg, err := readSettings([]byte(`{"token":"1:x","proxy":"http://127.0.0.1:9"}`))
	if err != nil || cfg.APIURL != "https://api.telegram.org" || cfg.PollTimeout != duration(25*time.Second) || cfg.Proxy == "" {
		t.Errorf("%+v %v %v %v", cfg.APIURL, cfg.PollTimeout, cfg.Proxy, err)
	}
	for text, want := range map[string]time.Duration{"3s": 3 * time.Second, "1ms": time.Second, "1h0m0s": 50 * time.Second} {
		cfg, err := readSettings([]byte(`{"token":"1:x","api_url":"http://127.0.0.1:1/","poll_timeout":"` + text + `"}`))
		if err != nil || cfg.PollTimeout != duration(want) || cfg.APIURL != "http://127.0.0.1:1" {
			t.Errorf("%s: %v %v %v", text, time.Duration(cfg.PollTimeout), cfg.APIURL, err)
		}
	}
}

func TestBrokenSettingsAreNamedWithoutTheirValues(t *testing.T) {
	for config, want := range map[string]error{
		`{}`:                           errNoToken,
		`{"token":""}`:                 errNoToken,
		`{"token":"` + marked:          errConfig,
		`{"token":["` + marked + `"]}`: errConfig,
		`{"token":"1:x","poll_timeout":"` + marked + `"}`:              errConfig,
		`{"token":"1:x","api_url":"` + marked + `"}`:                   errConfig,
		`{"token":"1:x","api_url":"ftp://` + marked + `.example/"}`:    errConfig,
		`{"token":"1:x","api_url":"http://u:` + marked + `@[::1"}`:     errConfig,
		`{"token":"1:x","api_url":"https:///bot` + marked + `/getMe"}`: errConfig,
	} {
		_, err := readSettings([]byte(config))
		if !errors.Is(err, want) || strings.Contains(err.Error(), marked) {
			t.Errorf("%s: %v", config, err)
		}
	}
}

func TestSettingsPrintAsNothing(t *testing.T) {
	cfg := settings{Token: marked, Proxy: marked}
	if s := fmt.Sprintf("%v %+v %#v %s", cfg, cfg, cfg, cfg.LogValue()); strings.Contains(s, marked) {
		t.Error(s)
	}
}

func TestSchemaJudgesAnAccount(t *testing.T) {
	schema, err := config.ParseSchema(New().Describe().ConfigSchema)
	if err != nil {
		t.Fatal(err)
	}
	for account, good := range map[string]bool{
		"token: '" + marked + "'": true,
		"token: '" + marked + "', api_url: 'http://127.0.0.1:80', poll_timeout: 10s, proxy: 'socks5://127.0.0.1:9050'": true,
		"token: '" + marked + "', limits: off":        true,
		"token: nonsense":                             false,
		"api_url: 'http://127.0.0.1:80'":              false,
		"token: '" + marked + "', tokn: x":            false,
		"token: '" + marked + "', poll_timeout: soon": false,
	} {
		path := filepath.Join(t.TempDir(), "causeway.yaml")
		if err := os.WriteFile(path, []byte("accounts: {tg: {network: telegram, "+account+"}}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, problems := config.Load(path, nil, map[string]*config.Schema{"telegram": schema})
		if good != (len(problems) == 0) {
			t.Errorf("%s: %v", account, problems)
		}
		if !good {
			continue
		}
		if got, err := readSettings(cfg.Accounts["tg"].BridgeConfig()); err != nil || got.Token != marked {
			t.Errorf("%s: the router's config was not read: %v", account, err)
		}
	}
}
