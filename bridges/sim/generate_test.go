// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bytes"
	"io"
	"testing"
	"testing/iotest"
)

func TestAGeneratedFileIsItsSizeAndSeedHoweverItIsRead(t *testing.T) {
	m := Media{Size: 1003, Seed: 7}
	whole, _ := io.ReadAll(m.Bytes())
	pieces, _ := io.ReadAll(iotest.OneByteReader(m.Bytes()))
	other, _ := io.ReadAll(Generate(8, 1003))
	if len(whole) != 1003 || !bytes.Equal(whole, pieces) || bytes.Equal(whole, other) {
		t.Errorf("read %d bytes; in pieces the same: %t; of another seed the same: %t", len(whole), bytes.Equal(whole, pieces), bytes.Equal(whole, other))
	}
	if given, _ := io.ReadAll(Media{Data: []byte("abc"), Size: 9}.Bytes()); string(given) != "abc" {
		t.Errorf("data are read as %q", given)
	}
}
