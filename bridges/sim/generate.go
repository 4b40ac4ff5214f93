// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
)

// Bytes reads what the file of a post holds: its Data, or without them Size bytes that come from Seed alone. Neither
// needs memory for the whole.
func (m Media) Bytes() io.Reader {
	if m.Generated() {
		return Generate(m.Seed, m.Size)
	}
	return bytes.NewReader(m.Data)
}

// Generated says whether the file is named by its size and seed, and not by its bytes.
func (m Media) Generated() bool { return m.Data == nil && m.Size > 0 }

// Generate reads size bytes that look like noise and are always the same for one seed.
func Generate(seed uint64, size int64) io.Reader {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	return io.LimitReader(rand.NewChaCha8(key), size)
}
