// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
)

// Ready is the first line on a simulator's standard output, one JSON object.
type Ready struct {
	Network string `json:"network"`
	// API is where the simulator speaks its network, as a URL or host:port.
	API string `json:"api"`
	// Control is the URL of the control API, for NewClient.
	Control string `json:"control"`
	// Config holds what an account's config needs, by its keys, for example api_url and token.
	Config map[string]string `json:"config"`
}

// WriteReady prints r as one line.
func WriteReady(w io.Writer, r Ready) error {
	line, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode ready line: %w", err)
	}
	_, err = w.Write(append(line, '\n'))
	return err
}

// ReadReady reads the line that WriteReady printed. It blocks until there is one; more of r may be read
// than the line, so r's owner goes on with the returned reader.
func ReadReady(r io.Reader) (Ready, io.Reader, error) {
	br := bufio.NewReader(r)
	line, err := br.ReadBytes('\n')
	if err != nil {
		return Ready{}, br, fmt.Errorf("read ready line: %w", err)
	}
	var out Ready
	if err := json.Unmarshal(line, &out); err != nil {
		return Ready{}, br, fmt.Errorf("decode ready line: %w", err)
	}
	return out, br, nil
}
