// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/causeway-chat/causeway/config"
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/command"
	"github.com/causeway-chat/causeway/plugins/host"
)

// describeTimeout bounds how long one bridge may take to say what it is.
const describeTimeout = 15 * time.Second

// FoundBridge is what became of looking for one network's bridge: its program and the keys that it takes, or an error
// that says what to do.
type FoundBridge struct {
	Network string
	Path    string
	Schema  *config.Schema
	Err     error
	// Near is an installed network with a name like this one's, when this one has no program.
	Near string
}

// Bridges looks for the bridges of the config's accounts, or for all that are installed when the config has no account,
// and asks each for its keys. It starts processes, in the order of the networks' names, and ends them before it returns.
func Bridges(ctx context.Context, cfg *config.Config) []FoundBridge {
	networks := map[string]bool{}
	for _, a := range cfg.Accounts {
		networks[a.Network] = true
	}
	if len(networks) == 0 {
		networks = installed(cfg.PluginDir)
	}
	var out []FoundBridge
	for _, n := range slices.Sorted(maps.Keys(networks)) {
		out = append(out, describe(ctx, cfg, n))
	}
	return out
}

// installed lists the networks whose bridges are in the plugin folder.
func installed(dir string) map[string]bool {
	if dir == "" {
		self, err := os.Executable()
		if err != nil {
			return nil
		}
		dir = filepath.Dir(self)
	}
	out := map[string]bool{}
	found, _ := filepath.Glob(filepath.Join(dir, host.BridgeFile("*"))) // the pattern is well formed
	for _, path := range found {
		out[strings.TrimPrefix(filepath.Base(path), host.BridgeFile(""))] = true
	}
	return out
}

func describe(ctx context.Context, cfg *config.Config, network string) FoundBridge {
	out := FoundBridge{Network: network}
	ctx, cancel := context.WithTimeout(ctx, describeTimeout)
	defer cancel()
	if out.Path, out.Err = host.Find(chat.Network(network), cfg.PluginDir); out.Err != nil {
		out.Near = command.Nearest(network, slices.Sorted(maps.Keys(installed(cfg.PluginDir))))
		return out
	}
	d, err := host.Describe(ctx, out.Path, cfg.Checksums[filepath.Base(out.Path)], host.Options{})
	switch {
	case err != nil:
		out.Err = fmt.Errorf("ask %s what it takes: %w", out.Path, err)
	case string(d.Network) != network:
		out.Err = fmt.Errorf("%s is a bridge for %s, not for %s", out.Path, d.Network, network)
	default:
		out.Schema, out.Err = config.ParseSchema(d.ConfigSchema)
	}
	return out
}

// ErrConfig says that a config has mistakes.
var ErrConfig = errors.New("the config has mistakes")

// LoadConfig reads the config of the router that is to run, with the keys that the installed bridges describe. A bridge
// that is missing or broken is that account's trouble alone: its keys are taken as they are, and its state will tell.
func LoadConfig(ctx context.Context, path string, environ []string) (*config.Config, []config.Problem, error) {
	peeked, err := config.Peek(path, environ)
	if err != nil {
		return nil, config.Check(path, environ, nil), fmt.Errorf("%w: %w", ErrConfig, err)
	}
	schemas := map[string]*config.Schema{}
	for _, b := range Bridges(ctx, peeked) {
		schemas[b.Network] = b.Schema
		if b.Err != nil {
			schemas[b.Network] = config.Unusable(b.Err.Error(), "")
		}
	}
	cfg, problems := config.Load(path, environ, schemas)
	if cfg == nil {
		return nil, problems, ErrConfig
	}
	return cfg, nil, nil
}
