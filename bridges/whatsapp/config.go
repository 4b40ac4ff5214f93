// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"crypto/x509"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"regexp"
)

// configSchema describes an account's own keys. The router adds those that every account has: network, proxy, limits.
//
//go:embed config.schema.json
var configSchema []byte

// settings are an account's own keys of the config. The proxy may hold a password, so they print as none of them.
type settings struct {
	Proxy         string    `json:"proxy"`
	ClientVersion string    `json:"client_version"`
	Endpoint      *endpoint `json:"endpoint"`

	proxy   *url.URL       // nil: none
	roots   *x509.CertPool // nil: the system's
	rootKey []byte         // nil: WhatsApp's own
}

// endpoint leads to a simulator.
type endpoint struct {
	CAFile  string `json:"ca_file"`
	RootKey string `json:"root_key"`
}

var errConfig = errors.New("config cannot be used") // what it says further must hold no value

// LogValue redacts.
func (settings) LogValue() slog.Value { return slog.StringValue("[settings]") }

// String redacts.
func (settings) String() string { return "[settings]" }

// GoString redacts.
func (settings) GoString() string { return "[settings]" }

const latestVersion = "latest"

var versionForm = regexp.MustCompile(`^2\.3000\.[0-9]{6,12}$`)

// readSettings reads the config that the router gives. Keys that are not ours are passed over: check has judged them.
func readSettings(config []byte) (settings, error) {
	var cfg settings
	if err := json.Unmarshal(config, &cfg); err != nil {
		return settings{}, fmt.Errorf("%w: not the JSON of the schema", errConfig)
	}
	if v := cfg.ClientVersion; v != "" && v != latestVersion && !versionForm.MatchString(v) {
		return settings{}, fmt.Errorf("%w: client_version is neither 2.3000.N nor latest", errConfig)
	}
	if err := cfg.readProxy(); err != nil {
		return settings{}, err
	}
	return cfg, cfg.readEndpoint()
}

func (cfg *settings) readProxy() error {
	if cfg.Proxy == "" {
		return nil
	}
	u, err := url.Parse(cfg.Proxy)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "socks5" {
		return fmt.Errorf("%w: proxy is no http, https or socks5 URL", errConfig)
	}
	cfg.proxy = u
	return nil
}

// readEndpoint takes a simulator's certificate and key, but only behind a proxy on this machine: with them anybody could
// read what goes to WhatsApp.
func (cfg *settings) readEndpoint() error {
	if cfg.Endpoint == nil {
		return nil
	}
	if cfg.proxy == nil || !isLoopback(cfg.proxy.Hostname()) {
		return fmt.Errorf("%w: endpoint is for a simulator, so proxy must be on this machine", errConfig)
	}
	key, err := hex.DecodeString(cfg.Endpoint.RootKey)
	if err != nil || len(key) != 32 {
		return fmt.Errorf("%w: endpoint.root_key is not 64 hex digits", errConfig)
	}
	cfg.rootKey = key
	pem, err := os.ReadFile(cfg.Endpoint.CAFile)
	if err != nil {
		return fmt.Errorf("%w: endpoint.ca_file cannot be read", errConfig)
	}
	cfg.roots = x509.NewCertPool()
	if !cfg.roots.AppendCertsFromPEM(pem) {
		return fmt.Errorf("%w: endpoint.ca_file holds no certificate", errConfig)
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
