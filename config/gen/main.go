// SPDX-License-Identifier: Apache-2.0

// Command gen writes the files that are made from the Config struct and the bridges' schemas: the
// commented example, the JSON Schema and the reference page. Run it from anywhere inside the module,
// through `go generate ./config`. With -check it writes nothing, and fails when a file is not as it would be.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/causeway-chat/causeway/config"
)

func main() {
	check := flag.Bool("check", false, "write nothing, fail when a file is stale")
	flag.Parse()
	if err := generate(*check); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func generate(check bool) error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	schemas, err := config.ReadSchemas(filepath.Join(root, "bridges"))
	if err != nil {
		return err
	}
	var failed error
	for name, data := range config.Generated(schemas) {
		path := filepath.Join(root, filepath.FromSlash(name))
		if check {
			failed = errors.Join(failed, compare(path, data))
			continue
		}
		failed = errors.Join(failed, write(path, data))
	}
	return failed
}

func compare(path string, want []byte) error {
	got, err := os.ReadFile(path)
	if err == nil && !bytes.Equal(got, want) {
		err = fmt.Errorf("%s is stale: run go generate ./config", path)
	}
	return err
}

func write(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
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
