// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"

	"github.com/causeway-chat/causeway/config"
)

// wiring is what the command line takes from the router. A nil function makes the commands that need it say so.
type wiring struct {
	// bridges looks for the bridges of the config's accounts, or for all that there are when the config has no
	// account, and asks each for its keys. It starts processes and ends them before it returns.
	bridges func(ctx context.Context, cfg *config.Config) []bridge
	// restore puts a backup in the place of the config's data folder. The router is not running; it takes the lock
	// that makes sure of it. Session files are restored only when sessions is set.
	restore func(ctx context.Context, cfg *config.Config, file string, sessions bool) error
}

// bridge is what became of looking for one network's bridge: a path and a schema, or an error that says what to do.
type bridge struct {
	Network string
	Path    string
	Schema  *config.Schema
	Err     error
}

// wired is the wiring of the real program.
func wired() wiring { return wiring{} }
