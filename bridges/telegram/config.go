// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"
)

// configSchema describes an account's own keys. The router adds those that every account has: network, proxy, limits.
//
//go:embed config.schema.json
var configSchema []byte

// Defaults and bounds of the settings. A server waits 50 s at most; the default is shorter, because a connection that
// died unseen is found out only when a call has taken too long.
const (
	defaultAPIURL      = "https://api.telegram.org"
	defaultPollTimeout = 25 * time.Second
	minPollTimeout     = time.Second
	maxPollTimeout     = 50 * time.Second
)

// settings are an account's own keys of the config. They hold secrets and print as none of them.
type settings struct {
	Token       string   `json:"token"`
	APIURL      string   `json:"api_url"`
	Proxy       string   `json:"proxy"`
	PollTimeout duration `json:"poll_timeout"`
	// FilesDir is where a server of one's own, which runs with --local, keeps its files.
	FilesDir string `json:"files_dir"`
}

// upload is the largest file that the server takes.
func (s settings) upload() int64 {
	if s.FilesDir != "" {
		return maxOwnUpload
	}
	return maxUpload
}

var (
	errNoToken = errors.New("no token")
	errConfig  = errors.New("config cannot be used") // what it says further must hold no value
)

// LogValue redacts.
func (settings) LogValue() slog.Value { return slog.StringValue("[settings]") }

// String redacts.
func (settings) String() string { return "[settings]" }

// GoString redacts.
func (settings) GoString() string { return "[settings]" }

// readSettings reads the config that the router gives. Keys that are not ours are passed over: `check` has judged them.
func readSettings(config []byte) (settings, error) {
	var cfg settings
	if err := json.Unmarshal(config, &cfg); err != nil {
		return settings{}, fmt.Errorf("%w: not the JSON of the schema", errConfig)
	}
	cfg.APIURL = strings.TrimRight(cfg.APIURL, "/")
	if cfg.APIURL == "" {
		cfg.APIURL = defaultAPIURL
	}
	if u, err := url.Parse(cfg.APIURL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return settings{}, fmt.Errorf("%w: api_url is no http or https URL", errConfig)
	}
	if cfg.PollTimeout == 0 {
		cfg.PollTimeout = duration(defaultPollTimeout)
	}
	cfg.PollTimeout = min(max(cfg.PollTimeout, duration(minPollTimeout)), duration(maxPollTimeout))
	if cfg.Token == "" {
		return cfg, errNoToken
	}
	return cfg, nil
}

// duration is written as the router writes it, for example "25s".
type duration time.Duration

// UnmarshalText reads Go's form of a duration.
func (d *duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	*d = duration(v)
	return err
}
