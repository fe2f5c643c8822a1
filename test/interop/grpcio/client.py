"""grpcio as a client: makes the calls of one case, and raises if anything is not as it must be."""

import argparse
import queue

import grpc
from interop import empty_pb2, messages_pb2, test_pb2_grpc

INITIAL = ("x-grpc-test-echo-initial", "test_initial_metadata_value")
TRAILING = ("x-grpc-test-echo-trailing-bin", b"\x0a\x0b\x0a\x0b\x0a\x0b")
COMPRESSION = {"gzip": grpc.Compression.Gzip, "deflate": grpc.Compression.Deflate}
REQUEST_SIZES = (27_182, 8, 1828, 45_904)
RESPONSE_SIZES = (31_415, 9, 2653, 58_979)
LARGE_REQUEST = 271_828
LARGE_RESPONSE = 314_159
STATUS_MESSAGE = "test status message"
SPECIAL_STATUS_MESSAGE = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"


class Requests:
    """The requests of a stream, sent one by one."""

    def __init__(self):
        self._queue = queue.Queue()

    def send(self, request):
        self._queue.put(request)

    def close(self):
        self._queue.put(None)

    def __iter__(self):
        return iter(self._queue.get, None)


def empty_unary(stub, connect):
    assert stub.EmptyCall(empty_pb2.Empty()) == empty_pb2.Empty()


def large_unary(stub, connect):
    check(stub.UnaryCall(large_request()), LARGE_RESPONSE)


def client_streaming(stub, connect):
    requests = (messages_pb2.StreamingInputCallRequest(payload=zeros(size)) for size in REQUEST_SIZES)
    equal(stub.StreamingInputCall(requests).aggregated_payload_size, 74_922)


def server_streaming(stub, connect):
    parameters = [messages_pb2.ResponseParameters(size=size) for size in RESPONSE_SIZES]
    request = messages_pb2.StreamingOutputCallRequest(response_parameters=parameters)
    check_all(stub.StreamingOutputCall(request), RESPONSE_SIZES)


def ping_pong(stub, connect):
    requests = Requests()
    call = stub.FullDuplexCall(iter(requests))
    for size, response_size in zip(REQUEST_SIZES, RESPONSE_SIZES):
        requests.send(streaming_request(size, response_size))
        check(next(call), response_size)
    requests.close()
    equal(next(call, None), None)
    equal(call.code(), grpc.StatusCode.OK)


def half_duplex(stub, connect):
    requests = map(streaming_request, REQUEST_SIZES, RESPONSE_SIZES)
    check_all(stub.HalfDuplexCall(requests), RESPONSE_SIZES)


def empty_stream(stub, connect):
    equal(list(stub.FullDuplexCall(iter([]))), [])


def timeout_on_sleeping_server(stub, connect):
    requests = Requests()
    call = stub.FullDuplexCall(iter(requests), timeout=0.001)
    requests.send(streaming_request(27_182))
    fails(lambda: next(call), grpc.StatusCode.DEADLINE_EXCEEDED)
    requests.close()


def cancel_after_begin(stub, connect):
    # With a connection that stands the call's headers leave at once.
    stub.EmptyCall(empty_pb2.Empty())
    requests = Requests()
    call = stub.StreamingInputCall.future(iter(requests), metadata=(("key1", "value1"), ("key2", "value2")))
    call.cancel()
    equal(call.cancelled(), True)
    equal(call.code(), grpc.StatusCode.CANCELLED)
    requests.close()


def cancel_after_first_response(stub, connect):
    requests = Requests()
    call = stub.FullDuplexCall(iter(requests))
    requests.send(streaming_request(27_182, 31_415))
    check(next(call), 31_415)
    call.cancel()
    fails(lambda: next(call), grpc.StatusCode.CANCELLED)
    requests.close()


def custom_metadata(stub, connect):
    request = messages_pb2.SimpleRequest(response_size=1, payload=zeros(1))
    response, call = stub.UnaryCall.with_call(request, metadata=(INITIAL, TRAILING))
    check(response, 1)
    check_metadata(call)

    requests = Requests()
    call = stub.FullDuplexCall(iter(requests), metadata=(INITIAL, TRAILING))
    requests.send(streaming_request(1, 1))
    check(next(call), 1)
    requests.close()
    equal(next(call, None), None)
    check_metadata(call)


def status_code_and_message(stub, connect):
    status = messages_pb2.EchoStatus(code=2, message=STATUS_MESSAGE)
    request = messages_pb2.SimpleRequest(response_status=status)
    fails(lambda: stub.UnaryCall(request), grpc.StatusCode.UNKNOWN, STATUS_MESSAGE)
    request = messages_pb2.StreamingOutputCallRequest(response_status=status)
    fails(lambda: list(stub.FullDuplexCall(iter([request]))), grpc.StatusCode.UNKNOWN, STATUS_MESSAGE)


def special_status_message(stub, connect):
    status = messages_pb2.EchoStatus(code=2, message=SPECIAL_STATUS_MESSAGE)
    request = messages_pb2.SimpleRequest(response_status=status)
    fails(lambda: stub.UnaryCall(request), grpc.StatusCode.UNKNOWN, SPECIAL_STATUS_MESSAGE)


def unimplemented_method(stub, connect):
    fails(lambda: stub.UnimplementedCall(empty_pb2.Empty()), grpc.StatusCode.UNIMPLEMENTED)


def unimplemented_service(stub, connect):
    with connect() as channel:
        other = test_pb2_grpc.UnimplementedServiceStub(channel)
        fails(lambda: other.UnimplementedCall(empty_pb2.Empty()), grpc.StatusCode.UNIMPLEMENTED)


def pick_first_unary(stub, connect):
    request = messages_pb2.SimpleRequest(response_size=1, payload=zeros(1), fill_server_id=True)
    ids = {stub.UnaryCall(request).server_id for _ in range(100)}
    equal(len(ids), 1)
    assert "" not in ids, "the server says no id"


def client_compressed_unary(stub, connect):
    # A call cannot turn its channel's compression off: what must not be compressed takes a channel without.
    with connect() as channel:
        plain = test_pb2_grpc.TestServiceStub(channel)
        request = large_request()
        request.expect_compressed.value = True
        fails(lambda: plain.UnaryCall(request), grpc.StatusCode.INVALID_ARGUMENT)
        check(stub.UnaryCall(request), LARGE_RESPONSE)
        request.expect_compressed.value = False
        check(plain.UnaryCall(request), LARGE_RESPONSE)


CASES = {
    case.__name__: case
    for case in (
        empty_unary,
        large_unary,
        client_streaming,
        server_streaming,
        ping_pong,
        half_duplex,
        empty_stream,
        timeout_on_sleeping_server,
        cancel_after_begin,
        cancel_after_first_response,
        custom_metadata,
        status_code_and_message,
        special_status_message,
        unimplemented_method,
        unimplemented_service,
        pick_first_unary,
        client_compressed_unary,
    )
}


def zeros(size):
    return messages_pb2.Payload(body=bytes(size))


def large_request():
    return messages_pb2.SimpleRequest(response_size=LARGE_RESPONSE, payload=zeros(LARGE_REQUEST))


def streaming_request(size, response_size=None):
    parameters = [] if response_size is None else [messages_pb2.ResponseParameters(size=response_size)]
    return messages_pb2.StreamingOutputCallRequest(response_parameters=parameters, payload=zeros(size))


def equal(actual, expected):
    assert actual == expected, f"{actual!r}, not {expected!r}"


def check(response, size):
    equal(response.payload.type, messages_pb2.COMPRESSABLE)
    equal(len(response.payload.body), size)
    assert response.payload.body == bytes(size), "the payload has other bytes than zeros"


def check_all(responses, sizes):
    responses = list(responses)
    equal(len(responses), len(sizes))
    for response, size in zip(responses, sizes):
        check(response, size)


def check_metadata(call):
    equal([pair for pair in call.initial_metadata() if pair[0] == INITIAL[0]], [INITIAL])
    equal([pair for pair in call.trailing_metadata() if pair[0] == TRAILING[0]], [TRAILING])


def fails(call, code, details=None):
    try:
        result = call()
    except grpc.RpcError as error:
        assert error.code() == code, f"{error.code()}, not {code}: {error.details()}"
        if details is not None:
            equal(error.details(), details)
    else:
        raise AssertionError(f"the call gave {str(result)[:100]!r}: it should have failed with {code}")


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--server_host", default="127.0.0.1")
    parser.add_argument("--server_port", required=True)
    parser.add_argument("--server_host_override")
    parser.add_argument("--test_case", choices=CASES, required=True)
    parser.add_argument("--use_tls", action="store_true")
    parser.add_argument("--ca_file")
    parser.add_argument("--compression", choices=COMPRESSION)
    flags = parser.parse_args()

    def connect(compression=None):
        address = f"{flags.server_host}:{flags.server_port}"
        if not flags.use_tls:
            return grpc.insecure_channel(address, compression=compression)
        with open(flags.ca_file, "rb") as ca:
            credentials = grpc.ssl_channel_credentials(ca.read())
        options = (("grpc.ssl_target_name_override", flags.server_host_override),)
        return grpc.secure_channel(address, credentials, options, compression)

    with connect(COMPRESSION.get(flags.compression)) as channel:
        CASES[flags.test_case](test_pb2_grpc.TestServiceStub(channel), connect)


main()
