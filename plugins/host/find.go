// SPDX-License-Identifier: Apache-2.0

package host

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"github.com/causeway-chat/causeway/core/chat"
)

var plainName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*$`)

// BridgeFile is the file name of a network's bridge.
func BridgeFile(n chat.Network) string { return "causeway-bridge-" + string(n) }

// Find looks for causeway-bridge-NAME in pluginDir or, if that is empty, beside the running binary, and gives its
// absolute path. The error names the folder and the build line.
func Find(name chat.Network, pluginDir string) (string, error) {
	if !plainName.MatchString(string(name)) {
		return "", fmt.Errorf("network %q: a name has small letters, digits, - and _ alone", string(name))
	}
	folder, err := pluginFolder(pluginDir)
	if err != nil {
		return "", err
	}
	path := filepath.Join(folder, BridgeFile(name))
	if st, err := os.Stat(path); err != nil || !st.Mode().IsRegular() || st.Mode()&0o111 == 0 {
		return "", fmt.Errorf("no program causeway-bridge-%s in %s%s: build it with `go build -o bin/ ./cmd/...`, or set plugin_dir "+
			"or CAUSEWAY_PLUGIN_DIR to the folder that has it", name, folder, beside(pluginDir))
	}
	return path, nil
}

func pluginFolder(pluginDir string) (string, error) {
	if pluginDir != "" {
		return filepath.Abs(pluginDir)
	}
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find the folder of the running program: %w", err)
	}
	if real, err := filepath.EvalSymlinks(self); err == nil {
		self = real
	}
	return filepath.Dir(self), nil
}

func beside(pluginDir string) string {
	if pluginDir != "" {
		return " (plugin_dir)"
	}
	return " (the folder of the causeway program)"
}
