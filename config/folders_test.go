// SPDX-License-Identifier: Apache-2.0

package config_test

import (
	"strings"
	"testing"

	"github.com/causeway-chat/causeway/config"
)

// TestFoldersOfBridgesArePaths keeps a relative one from meaning a place in the bridge's own folder, which is where it runs.
func TestFoldersOfBridgesArePaths(t *testing.T) {
	schemas, err := config.ReadSchemas("../bridges")
	if err != nil || len(schemas) == 0 {
		t.Fatalf("%d schemas, error %v", len(schemas), err)
	}
	for network, s := range schemas {
		for _, p := range s.Properties {
			if strings.HasSuffix(p.Key, "_dir") && p.Schema.Format != "path" {
				t.Errorf("%s: the key %s has the format %q, want path", network, p.Key, p.Schema.Format)
			}
		}
	}
}
