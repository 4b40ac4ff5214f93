// SPDX-License-Identifier: Apache-2.0

// Command gen writes two pages from the capabilities.json of every bridge: docs/reference/capabilities.md, what each network
// can show, as the router enforces it, and docs/reference/conformance.md, what can be done with each kind of message, as the
// conformance suite tests it. With -check it only says whether the pages are fresh.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
)

func main() {
	check := flag.Bool("check", false, "write nothing; fail when a page is not fresh")
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
	pages := map[string][]byte{"capabilities": Page(networks), "conformance": Conformance(networks)}
	for name, page := range pages {
		if err := write(root+"/docs/reference/"+name+".md", page, check); err != nil {
			return err
		}
	}
	return nil
}

func write(path string, page []byte, check bool) error {
	if !check {
		return os.WriteFile(path, page, 0o644)
	}
	have, err := os.ReadFile(path)
	if err == nil && !bytes.Equal(have, page) {
		err = fmt.Errorf("%s is not fresh: run go run ./bridges/gen", path)
	}
	return err
}
