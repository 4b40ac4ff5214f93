// SPDX-License-Identifier: Apache-2.0

// Command gen writes docs/reference/capabilities.md from the capabilities.json of every bridge: what each network can
// show, as the router enforces it. With -check it only says whether the page is fresh.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
)

func main() {
	check := flag.Bool("check", false, "write nothing; fail when the page is not fresh")
	root := flag.String("root", ".", "the repository's folder")
	flag.Parse()
	if err := run(*root, *check); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(root string, check bool) error {
	networks, err := readNetworks(root)
	if err != nil {
		return err
	}
	page := Page(networks)
	path := root + "/docs/reference/capabilities.md"
	if !check {
		return os.WriteFile(path, page, 0o644)
	}
	have, err := os.ReadFile(path)
	if err == nil && !bytes.Equal(have, page) {
		err = fmt.Errorf("%s is not fresh: run go run ./bridges/gen", path)
	}
	return err
}
