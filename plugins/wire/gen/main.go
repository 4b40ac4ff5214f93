// SPDX-License-Identifier: Apache-2.0

// Command gen compiles the contract between router and bridges to Go. It needs no protoc and no system package:
//
//	cd plugins/wire/gen && go run .          # writes the generated files
//	cd plugins/wire/gen && go run . -check   # exits 1 if they are not what the contract says
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/linker"
	"github.com/bufbuild/protocompile/protoutil"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"
)

// root is the folder that import paths of the contract start from.
const root = ".."

func main() {
	check := flag.Bool("check", false, "write nothing; exit 1 if a generated file differs from the contract")
	flag.Parse()
	if err := run(context.Background(), *check); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, check bool) error {
	names, err := contract()
	if err != nil {
		return err
	}
	request, err := compile(ctx, names)
	if err != nil {
		return err
	}
	for _, tool := range []string{"protoc-gen-go", "protoc-gen-go-grpc"} {
		files, err := generate(ctx, tool, request)
		if err != nil {
			return fmt.Errorf("%s: %w", tool, err)
		}
		if err := settle(files, check); err != nil {
			return err
		}
	}
	return nil
}

// contract lists the proto files relative to root.
func contract() ([]string, error) {
	paths, err := filepath.Glob(filepath.Join(root, "causeway", "v1", "*.proto"))
	if err == nil && len(paths) == 0 {
		err = errors.New("no proto files: run inside plugins/wire/gen")
	}
	names := make([]string, len(paths))
	for i, p := range paths {
		names[i], _ = filepath.Rel(root, p)
	}
	return names, err
}

// compile turns the contract into the request that protoc would send to its plugins.
func compile(ctx context.Context, names []string) (*pluginpb.CodeGeneratorRequest, error) {
	compiler := protocompile.Compiler{
		Resolver:       protocompile.WithStandardImports(&protocompile.SourceResolver{ImportPaths: []string{root}}),
		SourceInfoMode: protocompile.SourceInfoStandard,
	}
	files, err := compiler.Compile(ctx, names...)
	if err != nil {
		return nil, err
	}
	return &pluginpb.CodeGeneratorRequest{
		FileToGenerate: names,
		Parameter:      proto.String("paths=source_relative"),
		ProtoFile:      withImports(files),
	}, nil
}

// withImports lists the files and all that they import, imports first.
func withImports(files linker.Files) []*descriptorpb.FileDescriptorProto {
	var all []*descriptorpb.FileDescriptorProto
	seen := map[string]bool{}
	var visit func(protoreflect.FileDescriptor)
	visit = func(f protoreflect.FileDescriptor) {
		if seen[f.Path()] {
			return
		}
		seen[f.Path()] = true
		for i := range f.Imports().Len() {
			visit(f.Imports().Get(i).FileDescriptor)
		}
		all = append(all, protoutil.ProtoFromFileDescriptor(f))
	}
	for _, f := range files {
		visit(f)
	}
	return all
}

// generate pipes the request through one of the tools that this module pins.
func generate(ctx context.Context, tool string, request *pluginpb.CodeGeneratorRequest) ([]*pluginpb.CodeGeneratorResponse_File, error) {
	in, err := proto.Marshal(request)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", "tool", tool)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(in), &out, os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, err
	}
	var response pluginpb.CodeGeneratorResponse
	if err := proto.Unmarshal(out.Bytes(), &response); err != nil {
		return nil, err
	}
	if response.Error != nil {
		return nil, errors.New(response.GetError())
	}
	return response.File, nil
}

// settle writes the files, or compares them.
func settle(files []*pluginpb.CodeGeneratorResponse_File, check bool) error {
	for _, f := range files {
		path := filepath.Join(root, f.GetName())
		if !check {
			if err := os.WriteFile(path, []byte(f.GetContent()), 0o644); err != nil {
				return err
			}
			continue
		}
		have, err := os.ReadFile(path)
		if err != nil || string(have) != f.GetContent() {
			return fmt.Errorf("plugins/wire/%s is not what the contract says: run `go run .` in plugins/wire/gen and commit", f.GetName())
		}
	}
	return nil
}
