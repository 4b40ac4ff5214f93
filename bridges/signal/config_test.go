// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"fmt"
	"strings"
	"testing"
)

func TestSettingsAreReadAndTellNothing(t *testing.T) {
	cfg, err := readSettings([]byte(`{"number":"+447700900123","rpc":"tcp://127.0.0.1:7583","limits":"off"}`))
	if err != nil || cfg.where != (address{"tcp", "127.0.0.1:7583"}) || cfg.DeviceName != defaultDevice {
		t.Errorf("%v, %v", cfg.where, err)
	}
	for _, text := range []string{fmt.Sprint(cfg), fmt.Sprintf("%+v", cfg), fmt.Sprintf("%#v", cfg), cfg.LogValue().String()} {
		if strings.Contains(text, "4477") {
			t.Errorf("the settings print as %s", text)
		}
	}
	if cfg, err := readSettings([]byte(`{"number":"+447700900123"}`)); err != nil || cfg.where != (address{"unix", "/run/signal-cli/socket"}) {
		t.Errorf("without rpc: %v, %v", cfg.where, err)
	}
}

func TestSettingsThatCannotWorkAreRefused(t *testing.T) {
	for _, bad := range []string{`{}`, `[]`, `{"number":"+4477","rpc":"unix://relative"}`, `{"number":"+4477","rpc":"ftp://x:1"}`,
		`{"number":"+4477","rpc":"tcp://nowhere"}`, `{"number":"+4477","rpc":"/run/socket"}`} {
		if _, err := readSettings([]byte(bad)); err == nil {
			t.Errorf("%s is taken", bad)
		} else if strings.Contains(err.Error(), "4477") {
			t.Errorf("the error tells the number: %v", err)
		}
	}
}
