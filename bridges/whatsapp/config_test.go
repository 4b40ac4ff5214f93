// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/causeway-chat/causeway/core/chat"
)

func TestSettingsAreReadOrRefused(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.pem")
	if err := os.WriteFile(empty, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	key := strings.Repeat("ab", 32)
	for config, good := range map[string]bool{
		`{}`:                                     true,
		`{"proxy":"socks5://127.0.0.1:9050"}`:    true,
		`{"client_version":"2.3000.1049999999"}`: true,
		`{"client_version":"latest"}`:            true,
		`{"network":"whatsapp","limits":"off"}`:  true,
		`nonsense`:                               false,
		`{"proxy":"ftp://127.0.0.1"}`:            false,
		`{"proxy":"::"}`:                         false,
		`{"client_version":"3"}`:                 false,
		`{"endpoint":{"ca_file":"x","root_key":"` + key + `"}}`:                                          false, // no proxy
		`{"proxy":"http://203.0.113.1:1","endpoint":{"ca_file":"x","root_key":"` + key + `"}}`:           false, // elsewhere
		`{"proxy":"http://127.0.0.1:1","endpoint":{"ca_file":"/nowhere","root_key":"` + key + `"}}`:      false,
		`{"proxy":"http://127.0.0.1:1","endpoint":{"ca_file":"` + empty + `","root_key":"` + key + `"}}`: false,
		`{"proxy":"http://127.0.0.1:1","endpoint":{"ca_file":"` + empty + `","root_key":"abc"}}`:         false,
	} {
		_, err := readSettings([]byte(config))
		if (err == nil) != good || err != nil && !errors.Is(err, errConfig) {
			t.Errorf("%s: %v", config, err)
		}
	}
}

func TestSettingsAndErrorsShowNoPassword(t *testing.T) {
	const password = "proxyPasswordThatNobodyMaySee"
	cfg, err := readSettings([]byte(`{"proxy":"http://user:` + password + `@127.0.0.1:1"}`))
	if err != nil {
		t.Fatal(err)
	}
	_, bad := readSettings([]byte(`{"proxy":"ftp://user:` + password + `@127.0.0.1"}`))
	for _, text := range []string{fmt.Sprint(cfg), fmt.Sprintf("%+v %#v", cfg, cfg), cfg.LogValue().String(), bad.Error()} {
		if strings.Contains(text, password) {
			t.Errorf("%s shows the password", text)
		}
	}
}

func TestStanzaIDsAreTheSameForAKey(t *testing.T) {
	a, b := stanzaID("key", 0), stanzaID("key", 1)
	if a != stanzaID("key", 0) || a == b || a == stanzaID("other", 0) {
		t.Errorf("%s and %s", a, b)
	}
	if len(a) != 22 || !strings.HasPrefix(a, "3EB0") || strings.ToUpper(a) != a {
		t.Errorf("%s does not look like WhatsApp's", a)
	}
}

func TestOnlyChatsAreChats(t *testing.T) {
	for id, good := range map[chat.RemoteChat]bool{
		"120363000000000001@g.us": true, "447700900001-1500000000@g.us": true, "100000000000002@lid": true, "447700900001@s.whatsapp.net": true,
		"": false, "no such chat": false, "@g.us": false, "g.us": false, "status@broadcast": false, "1@newsletter": false,
		"100000000000002:3@lid": false, "1@2@lid": false, "a@lid": false,
	} {
		if _, ok := parseChat(id); ok != good {
			t.Errorf("%q is a chat: %t", id, ok)
		}
	}
}
