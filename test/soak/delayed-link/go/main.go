// grpc-go's side of the comparison: a server of bodies, and a client that moves one and prints how many seconds it took.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/interop/grpc_testing"
)

const messageSize = 64 * 1024

var body = &grpc_testing.Payload{Body: make([]byte, messageSize)}

type server struct {
	grpc_testing.UnimplementedTestServiceServer
}

func (server) EmptyCall(context.Context, *grpc_testing.Empty) (*grpc_testing.Empty, error) {
	return &grpc_testing.Empty{}, nil
}

// StreamingOutputCall sends as many messages as parameters came.
func (server) StreamingOutputCall(
	request *grpc_testing.StreamingOutputCallRequest,
	stream grpc.ServerStreamingServer[grpc_testing.StreamingOutputCallResponse],
) error {
	for range request.GetResponseParameters() {
		if err := stream.Send(&grpc_testing.StreamingOutputCallResponse{Payload: body}); err != nil {
			return err
		}
	}
	return nil
}

func (server) StreamingInputCall(
	stream grpc.ClientStreamingServer[grpc_testing.StreamingInputCallRequest, grpc_testing.StreamingInputCallResponse],
) error {
	size := 0
	for {
		request, err := stream.Recv()
		if err == io.EOF {
			return stream.SendAndClose(&grpc_testing.StreamingInputCallResponse{AggregatedPayloadSize: int32(size)})
		}
		if err != nil {
			return err
		}
		size += len(request.GetPayload().GetBody())
	}
}

func serve() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("listening on %s\n", listener.Addr())
	grpcServer := grpc.NewServer()
	grpc_testing.RegisterTestServiceServer(grpcServer, server{})
	return grpcServer.Serve(listener)
}

func transfer(address, direction string, messages int) error {
	connection, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	client := grpc_testing.NewTestServiceClient(connection)
	ctx := context.Background()
	if _, err := client.EmptyCall(ctx, &grpc_testing.Empty{}); err != nil {
		return err
	}
	start := time.Now()
	move := upload
	if direction == "download" {
		move = download
	}
	moved, err := move(ctx, client, messages)
	if err != nil {
		return err
	}
	if moved != messages*messageSize {
		return fmt.Errorf("%d bytes came, not %d", moved, messages*messageSize)
	}
	fmt.Printf("%f\n", time.Since(start).Seconds())
	return nil
}

func download(ctx context.Context, client grpc_testing.TestServiceClient, messages int) (int, error) {
	request := &grpc_testing.StreamingOutputCallRequest{}
	for range messages {
		request.ResponseParameters = append(request.ResponseParameters, &grpc_testing.ResponseParameters{})
	}
	stream, err := client.StreamingOutputCall(ctx, request)
	if err != nil {
		return 0, err
	}
	moved := 0
	for {
		response, err := stream.Recv()
		if err == io.EOF {
			return moved, nil
		}
		if err != nil {
			return moved, err
		}
		moved += len(response.GetPayload().GetBody())
	}
}

func upload(ctx context.Context, client grpc_testing.TestServiceClient, messages int) (int, error) {
	stream, err := client.StreamingInputCall(ctx)
	if err != nil {
		return 0, err
	}
	for range messages {
		if err := stream.Send(&grpc_testing.StreamingInputCallRequest{Payload: body}); err != nil {
			return 0, err
		}
	}
	response, err := stream.CloseAndRecv()
	if err != nil {
		return 0, err
	}
	return int(response.GetAggregatedPayloadSize()), nil
}

// Arguments: "server", or "client", an address, "download" or "upload", and how many messages of 64 KiB.
func main() {
	var err error
	if len(os.Args) == 5 {
		messages, wrong := strconv.Atoi(os.Args[4])
		if wrong != nil {
			log.Fatal(wrong)
		}
		err = transfer(os.Args[2], os.Args[3], messages)
	} else {
		err = serve()
	}
	if err != nil {
		log.Fatal(err)
	}
}
