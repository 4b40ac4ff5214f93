// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/causeway-chat/causeway/bridges/bridgetest/matrix"
	"github.com/causeway-chat/causeway/core/chat"
)

const conformanceHead = `<!-- SPDX-License-Identifier: Apache-2.0 -->
<!-- Made by go run ./bridges/gen from the bridges' capabilities.json; do not edit. -->
# What can be done with each kind of message

Each cell of this page is a test: the conformance suite (` + "`bridges/bridgetest`" + `) runs every bridge process against its network's
simulator and holds it to what stands here. *Sent* is what our account does, and people of the network see; *heard* is what
people do, and the router is told. How long a text or how large a file may be: [capabilities.md](capabilities.md).

`

// Conformance is the page of what is done with each kind.
func Conformance(networks []chat.Capabilities) []byte {
	var b bytes.Buffer
	b.WriteString(conformanceHead)
	for _, c := range networks {
		conformanceTable(&b, c)
	}
	legend(&b, networks)
	lacks(&b, networks)
	return append(bytes.TrimSpace(b.Bytes()), '\n')
}

func conformanceTable(b *bytes.Buffer, c chat.Capabilities) {
	fmt.Fprintf(b, "## %s\n\n| |", c.Network)
	for _, a := range matrix.Actions() {
		fmt.Fprintf(b, " %s |", a)
	}
	b.WriteString("\n|---" + strings.Repeat("|---", len(matrix.Actions())) + "|\n")
	for _, k := range matrix.Kinds() {
		fmt.Fprintf(b, "| %s |", strings.ReplaceAll(string(k), "_", " "))
		for _, a := range matrix.Actions() {
			fmt.Fprintf(b, " %s |", matrix.Of(c, k, a))
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
}

// legend explains the fates that stand in the tables.
func legend(b *bytes.Buffer, networks []chat.Capabilities) {
	b.WriteString("## The words\n\n| word | meaning |\n|---|---|\n")
	for _, m := range matrix.Meanings() {
		if used(networks, m.Fate) {
			fmt.Fprintf(b, "| %s | %s |\n", m.Fate, m.Sentence)
		}
	}
	b.WriteString("\n")
}

func used(networks []chat.Capabilities, f matrix.Fate) bool {
	return slices.ContainsFunc(networks, func(c chat.Capabilities) bool {
		return slices.ContainsFunc(matrix.Kinds(), func(k matrix.Kind) bool {
			return slices.ContainsFunc(matrix.Actions(), func(a matrix.Action) bool { return matrix.Of(c, k, a) == f })
		})
	})
}
