// Prints the schema of gRPC's interop suite as a FileDescriptorSet: grpc-go's module holds it compiled, without .proto files.
package main

import (
	"log"
	"os"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	"google.golang.org/grpc/interop/grpc_testing"
)

func main() {
	set := &descriptorpb.FileDescriptorSet{}
	add(set, grpc_testing.File_grpc_testing_test_proto)
	bytes, err := proto.Marshal(set)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := os.Stdout.Write(bytes); err != nil {
		log.Fatal(err)
	}
}

// add appends a file behind those that it imports, each once.
func add(set *descriptorpb.FileDescriptorSet, file protoreflect.FileDescriptor) {
	name := path(file)
	for _, there := range set.File {
		if there.GetName() == name {
			return
		}
	}
	for i := range file.Imports().Len() {
		add(set, file.Imports().Get(i))
	}
	described := protodesc.ToFileDescriptorProto(file)
	described.Name = &name
	for i := range described.Dependency {
		described.Dependency[i] = path(file.Imports().Get(i))
	}
	set.File = append(set.File, described)
}

// path is where the file lies for us. In a folder called grpc its Python modules would hide behind those of grpcio.
func path(file protoreflect.FileDescriptor) string {
	return strings.Replace(file.Path(), "grpc/testing/", "interop/", 1)
}
