// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"io"

	"github.com/causeway-chat/causeway/config"
	"github.com/causeway-chat/causeway/core/app"
)

// wiring is what the command line takes from the router, so that its tests need no bridges.
type wiring struct {
	// bridges is app.Bridges.
	bridges func(ctx context.Context, cfg *config.Config) []app.FoundBridge
	// ffmpeg is app.FFmpeg.
	ffmpeg func() string
	// backup is app.Backup.
	backup func(ctx context.Context, opt app.Options, w io.Writer, sessions bool) error
	// restore is app.Restore.
	restore func(ctx context.Context, cfg *config.Config, file string, sessions bool) error
}

// wired is the wiring of the real program.
func wired() wiring {
	return wiring{bridges: app.Bridges, ffmpeg: app.FFmpeg, backup: app.Backup, restore: app.Restore}
}
