"""TestService by grpcio, until SIGTERM."""

import argparse
import uuid
from concurrent import futures

import grpc
from interop import empty_pb2, messages_pb2, test_pb2_grpc

INITIAL = "x-grpc-test-echo-initial"
TRAILING = "x-grpc-test-echo-trailing-bin"
COMPRESSION = {"gzip": grpc.Compression.Gzip, "deflate": grpc.Compression.Deflate}
CODES = {code.value[0]: code for code in grpc.StatusCode}


class TestService(test_pb2_grpc.TestServiceServicer):
    def __init__(self):
        self._id = str(uuid.uuid4())

    def EmptyCall(self, request, context):
        return empty_pb2.Empty()

    def UnaryCall(self, request, context):
        echo_metadata(context)
        refuse(request, context)
        choose_compression(request, "response_compressed", context)
        return messages_pb2.SimpleResponse(
            payload=zeros(request.response_size), server_id=self._id if request.fill_server_id else ""
        )

    def StreamingOutputCall(self, request, context):
        yield from responses(request, context)

    def StreamingInputCall(self, requests, context):
        size = sum(len(request.payload.body) for request in requests)
        return messages_pb2.StreamingInputCallResponse(aggregated_payload_size=size)

    def FullDuplexCall(self, requests, context):
        echo_metadata(context)
        for request in requests:
            refuse(request, context)
            yield from responses(request, context)

    def HalfDuplexCall(self, requests, context):
        for request in list(requests):
            yield from responses(request, context)


def responses(request, context):
    for parameters in request.response_parameters:
        choose_compression(parameters, "compressed", context)
        yield messages_pb2.StreamingOutputCallResponse(payload=zeros(parameters.size))


def zeros(size):
    return messages_pb2.Payload(body=bytes(size))


def choose_compression(message, field, context):
    """Leaves the next message as it is, if it is asked for without compression."""
    if message.HasField(field) and not getattr(message, field).value:
        context.disable_next_message_compression()


def echo_metadata(context):
    received = dict(context.invocation_metadata())
    if INITIAL in received:
        context.send_initial_metadata([(INITIAL, received[INITIAL])])
    if TRAILING in received:
        context.set_trailing_metadata([(TRAILING, received[TRAILING])])


def refuse(request, context):
    if request.response_status.code != 0:
        context.abort(CODES[request.response_status.code], request.response_status.message)


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--port", default="0")
    parser.add_argument("--use_tls", action="store_true")
    parser.add_argument("--tls_cert_file")
    parser.add_argument("--tls_key_file")
    parser.add_argument("--compression", choices=COMPRESSION)
    flags = parser.parse_args()
    server = grpc.server(futures.ThreadPoolExecutor(), compression=COMPRESSION.get(flags.compression))
    test_pb2_grpc.add_TestServiceServicer_to_server(TestService(), server)
    address = f"127.0.0.1:{flags.port}"
    if flags.use_tls:
        with open(flags.tls_key_file, "rb") as key, open(flags.tls_cert_file, "rb") as certificate:
            credentials = grpc.ssl_server_credentials([(key.read(), certificate.read())])
        port = server.add_secure_port(address, credentials)
    else:
        port = server.add_insecure_port(address)
    server.start()
    print(f"listening on 127.0.0.1:{port}", flush=True)
    server.wait_for_termination()


main()
