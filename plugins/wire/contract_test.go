// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	pb "github.com/causeway-chat/causeway/plugins/wire/causeway/v1"
)

var update = flag.Bool("update", false, "add what is new in the contract to the stored list")

const storedContract = "testdata/contract_v1.txt"

// TestContractOnlyGrows compares the contract with the list of all that was ever in it. Bridges and routers of
// different releases meet, so a line of the list never changes and never goes.
func TestContractOnlyGrows(t *testing.T) {
	have := contract()
	b, err := os.ReadFile(storedContract)
	if err != nil && !*update {
		t.Fatal(err)
	}
	want := strings.Split(strings.TrimSpace(string(b)), "\n")
	for _, line := range want {
		if line != "" && !slices.Contains(have, line) {
			t.Errorf("the contract broke: it no longer has %q", line)
		}
	}
	if t.Failed() || slices.Equal(have, want) {
		return
	}
	if !*update {
		t.Fatal("the contract has grown: run `go test ./plugins/wire -run Contract -update` and commit the list")
	}
	if err := os.WriteFile(storedContract, []byte(strings.Join(have, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}

// contract lists every field and call, sorted.
func contract() []string {
	var out []string
	for _, f := range []protoreflect.FileDescriptor{
		pb.File_causeway_v1_bridge_proto, pb.File_causeway_v1_content_proto, pb.File_causeway_v1_event_proto, pb.File_causeway_v1_post_proto,
	} {
		for i := range f.Messages().Len() {
			out = append(out, fieldsOf(f.Messages().Get(i))...)
		}
		for i := range f.Services().Len() {
			out = append(out, callsOf(f.Services().Get(i))...)
		}
	}
	slices.Sort(out)
	return out
}

func fieldsOf(m protoreflect.MessageDescriptor) []string {
	var out []string
	for i := range m.Fields().Len() {
		f := m.Fields().Get(i)
		kind := f.Kind().String()
		if f.Message() != nil {
			kind = string(f.Message().FullName())
		}
		group := ""
		if o := f.ContainingOneof(); o != nil {
			group = " in " + string(o.Name())
		}
		out = append(out, fmt.Sprintf("%s = %d: %s %s%s", f.FullName(), f.Number(), f.Cardinality(), kind, group))
	}
	for i := range m.Messages().Len() {
		out = append(out, fieldsOf(m.Messages().Get(i))...)
	}
	return out
}

func callsOf(s protoreflect.ServiceDescriptor) []string {
	var out []string
	for i := range s.Methods().Len() {
		m := s.Methods().Get(i)
		out = append(out, fmt.Sprintf("%s(%s, stream %t) %s, stream %t", m.FullName(), m.Input().FullName(), m.IsStreamingClient(),
			m.Output().FullName(), m.IsStreamingServer()))
	}
	return out
}
