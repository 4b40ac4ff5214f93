// SPDX-License-Identifier: Apache-2.0

package config

import (
	"path/filepath"
	"testing"
	"time"
)

const smallConfig = "accounts:\n  tg:\n    network: telegram\n    token: " + goodToken + "\n"

func TestEnvironmentOverridesEveryKindOfValue(t *testing.T) {
	cfg := mustLoad(t, smallConfig+"rooms: {main-hall: {chats: ['tg:-1']}}\noutage: {notice_after: 1m}\n",
		"CAUSEWAY_DATA_DIR=/srv/data",
		"CAUSEWAY_LISTEN=0.0.0.0:80",
		"CAUSEWAY_LISTEN_PUBLIC=true",
		"CAUSEWAY_OUTAGE_NOTICE_AFTER=2s",
		"CAUSEWAY_LOG_LEVEL=debug",
		"CAUSEWAY_MEDIA_MAX_SIZE=2MiB",
		"CAUSEWAY_ACCOUNTS_TG_API_URL=http://127.0.0.1:1",
		"CAUSEWAY_ACCOUNTS_TG_LIMITS=off",
		"CAUSEWAY_ACCOUNTS_WA_TWO_NETWORK=whatsapp",
		"CAUSEWAY_ACCOUNTS_WA_TWO_PROXY=http://p:1",
		"CAUSEWAY_ACCOUNTS_WA_TWO_LIMITS_PER_CHAT=[1/s, 5/min]",
		"CAUSEWAY_ACCOUNTS_WA_TWO_ENDPOINT_CA_FILE=/ca.pem",
		"CAUSEWAY_ACCOUNTS_WA_TWO_ENDPOINT_ROOT_KEY=00000000000000000000000000000000000000000000000000000000000000ab",
		"CAUSEWAY_ROOMS_MAIN_HALL_TITLE=Main hall",
		"CAUSEWAY_ROOMS_OTHER_CHATS=[{chat: 'tg:-2', direction: in}]",
		"CAUSEWAY_CHECKSUMS_CAUSEWAY_BRIDGE_SIGNAL=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"CAUSEWAY_RETENTION_BODIES=", "CAUSEWAY_CONFIG=/x.yaml", "CAUSEWAY_SERVICE_HOST=10.0.0.1",
	)
	wa := cfg.Accounts["wa_two"]
	if wa == nil || wa.Proxy.Reveal() != "http://p:1" || len(wa.Limits.PerChat) != 2 || bridgeKeys(t, wa)["endpoint"].(map[string]any)["ca_file"] != "/ca.pem" {
		t.Errorf("account from the environment: %+v", wa)
	}
	if tg := cfg.Accounts["tg"]; !tg.Limits.Off || bridgeKeys(t, tg)["api_url"] != "http://127.0.0.1:1" {
		t.Errorf("account from the file: %+v", tg)
	}
	if cfg.DataDir != "/srv/data" || cfg.Listen != "0.0.0.0:80" || cfg.Outage.NoticeAfter != 2*time.Second || cfg.Log.Level != "debug" || cfg.Media.MaxSize != 2<<20 {
		t.Errorf("settings: %+v", cfg)
	}
	if cfg.Retention.Bodies != 24*time.Hour {
		t.Errorf("an empty variable counted: %v", cfg.Retention.Bodies)
	}
	if cfg.Rooms["main-hall"].Title != "Main hall" || cfg.Rooms["other"].Chats[0].Direction != "in" || len(cfg.Checksums["causeway-bridge-signal"]) != 64 {
		t.Errorf("maps: %+v %+v", cfg.Rooms, cfg.Checksums)
	}
}

func TestEnvironmentMayNameAnyKeyOfANetworkThatCannotBeUsed(t *testing.T) {
	path := writeConfig(t, "accounts: {m: {network: matrix}}\n")
	schemas := map[string]*Schema{"matrix": Unusable("cannot be used", "")}
	if cfg, problems := Load(path, []string{"CAUSEWAY_ACCOUNTS_M_API_URL=http://127.0.0.1:1"}, schemas); cfg == nil || bridgeKeys(t, cfg.Accounts["m"])["api_url"] != "http://127.0.0.1:1" {
		t.Errorf("%v %+v", problems, cfg)
	}
}

func TestEnvironmentReplacesTheOtherFormsOfASecret(t *testing.T) {
	cfg := mustLoad(t, "accounts: {tg: {network: telegram, token_file: /no/such/file}}\n", "CAUSEWAY_ACCOUNTS_TG_TOKEN="+goodToken)
	if got := bridgeKeys(t, cfg.Accounts["tg"])["token"]; got != goodToken {
		t.Errorf("token %v", got)
	}
	path := writeConfig(t, goodToken+"\n")
	cfg = mustLoad(t, "accounts: {tg: {network: telegram, token: changeme}}\n", "CAUSEWAY_ACCOUNTS_TG_TOKEN_FILE="+path)
	if got := bridgeKeys(t, cfg.Accounts["tg"])["token"]; got != goodToken {
		t.Errorf("token %v", got)
	}
}

func TestEnvironmentAloneIsAConfig(t *testing.T) {
	cfg, problems := Load("", []string{"CAUSEWAY_ACCOUNTS_TG_NETWORK=telegram", "CAUSEWAY_ACCOUNTS_TG_TOKEN=" + goodToken}, testSchemas(t))
	if len(problems) > 0 || cfg.Accounts["tg"].Network != "telegram" {
		t.Errorf("%v %+v", problems, cfg)
	}
}

func TestMistakesOfTheEnvironmentComeLast(t *testing.T) {
	path := writeConfig(t, smallConfig+"log: {level: loud}\n")
	_, problems := Load(path, []string{"CAUSEWAY_LISTEN=nowhere"}, testSchemas(t))
	if len(problems) != 2 || problems[0].File != path || problems[1].File != "CAUSEWAY_LISTEN" {
		t.Errorf("%v", problems)
	}
}

func TestRuntimeDirectoryHoldsThePluginsSockets(t *testing.T) {
	cfg := mustLoad(t, smallConfig, "RUNTIME_DIRECTORY=/run/causeway:/run/other")
	if cfg.RuntimeDir() != "/run/causeway" || cfg.ControlSocket() != filepath.Join(cfg.DataDir, "run", "control.sock") {
		t.Errorf("%s %s", cfg.RuntimeDir(), cfg.ControlSocket())
	}
}
