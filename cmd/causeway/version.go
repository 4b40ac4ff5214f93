// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// release is set by the linker of a released build: -X main.release=1.2.3.
var release = ""

// versionResult is what version --json writes.
type versionResult struct {
	Version  string `json:"version"`
	Revision string `json:"revision"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func (c *cli) versionCommand() *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Show the version of this program", Args: noArgs, RunE: func(*cobra.Command, []string) error {
		v := buildVersion()
		if c.json {
			return writeJSON(c.out, v)
		}
		_, err := fmt.Fprintf(c.out, "causeway %s %s (%s, %s)\n", v.Version, v.Revision, v.Go, v.Platform)
		return err
	}}
}

func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage(cmd.CommandPath()+" takes no arguments.", "See "+cmd.CommandPath()+" --help.")
	}
	return nil
}

// buildVersion is what this program was built from.
func buildVersion() versionResult {
	v := versionResult{Version: release, Revision: "unknown", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if v.Version == "" {
		v.Version = "dev"
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			v.Revision = s.Value[:12]
		}
	}
	return v
}
