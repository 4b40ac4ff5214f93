// SPDX-License-Identifier: Apache-2.0

// Command gen writes the files that are made from the Config struct and the bridges' schemas: the
// commented example, the JSON Schema and the reference page. Run it from anywhere inside the module,
// through `go generate ./config`.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/causeway-chat/causeway/config"
)

func main() {
	if err := generate(); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func generate() error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	schemas, err := config.ReadSchemas(filepath.Join(root, "bridges"))
	if err != nil {
		return err
	}
	for name, data := range config.Generated(schemas) {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// moduleRoot is the nearest folder above the working folder that holds go.mod.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no go.mod above the working folder")
		}
		dir = filepath.Dir(dir)
	}
}
