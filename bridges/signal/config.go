// SPDX-License-Identifier: Apache-2.0

package signal

import (
	_ "embed"
	"encoding/json"
	"errors"
	"log/slog"
)

// configSchema describes an account's own keys. The router adds those that every account has.
//
//go:embed config.schema.json
var configSchema []byte

// settings are an account's own keys of the config. They name a person's number and print as nothing.
type settings struct {
	Number string `json:"number"`
	RPC    string `json:"rpc"`
	// FilesDir is where files for signal-cli are put, and AttachmentsDir where signal-cli puts those for us.
	FilesDir       string `json:"files_dir"`
	AttachmentsDir string `json:"attachments_dir"`
	// NewSafetyNumbers is what to do when somebody has a new phone: ask or accept.
	NewSafetyNumbers string `json:"new_safety_numbers"`
	DeviceName       string `json:"device_name"`
	// ReceiveMode is the daemon's: manual or on-connection.
	ReceiveMode string `json:"receive_mode"`

	where address
}

// LogValue redacts.
func (settings) LogValue() slog.Value { return slog.StringValue("[settings]") }

// String redacts.
func (settings) String() string { return "[settings]" }

// GoString redacts.
func (settings) GoString() string { return "[settings]" }

// upload is the largest file that can be sent.
func (s settings) upload() int64 {
	if s.FilesDir != "" {
		return maxFile
	}
	return maxInline
}

const (
	defaultRPC    = "unix:///run/signal-cli/socket"
	acceptNew     = "accept"
	onConnection  = "on-connection"
	defaultDevice = "Causeway"
)

// readSettings reads the config that the router gives. Keys that are not ours are passed over: `check` has judged them.
func readSettings(config []byte) (cfg settings, err error) {
	if json.Unmarshal(config, &cfg) != nil {
		return cfg, errors.New("the config is not the JSON of the schema")
	}
	if cfg.RPC == "" {
		cfg.RPC = defaultRPC
	}
	if cfg.DeviceName == "" {
		cfg.DeviceName = defaultDevice
	}
	if cfg.Number == "" {
		return cfg, errors.New("the account has no number")
	}
	cfg.where, err = parseAddress(cfg.RPC)
	return cfg, err
}
