"""The client of the package h2, one case."""

import argparse
import socket
import ssl

from endpoint import Endpoint, body_of
from h2.errors import ErrorCodes

flags = argparse.ArgumentParser()
flags.add_argument("--port", type=int, required=True)
flags.add_argument("--test_case", required=True)
flags.add_argument("--ca_file")
args = flags.parse_args()

sock = socket.create_connection(("127.0.0.1", args.port))
if args.ca_file is not None:
    context = ssl.create_default_context(cafile=args.ca_file)
    context.set_alpn_protocols(["h2"])
    sock = context.wrap_socket(sock, server_hostname="127.0.0.1")
    assert sock.selected_alpn_protocol() == "h2"
windows = {"small_window": 100, "large_window": 2**24}
endpoint = Endpoint(sock, client=True, window=windows.get(args.test_case))


def request(path, method="GET", fields=()):
    pseudo = [(":method", method), (":scheme", "https" if args.ca_file else "http"), (":path", path)]
    head = [*pseudo, (":authority", f"127.0.0.1:{args.port}"), *fields]
    return endpoint.open(head, end_stream=method == "GET")


def wait(until):
    while not until():
        assert endpoint.read(), "the server closed the connection"


def answer(stream):
    wait(lambda: stream.ended or stream.reset is not None)
    assert stream.reset is None, f"reset with {stream.reset}"
    assert stream.headers[":status"] == "200", stream.headers
    return bytes(stream.body)


def start_echo(length, fields=()):
    stream = request("/echo", "POST", fields)
    stream.write(body_of(length))
    return stream


def finish_echo(stream, length):
    body = answer(stream)
    assert body == body_of(length), f"{len(body)} bytes came back of {length}, or others"
    assert stream.trailers["x-bytes"] == str(length), stream.trailers


def echo(length, fields=()):
    stream = start_echo(length, fields)
    stream.end()
    finish_echo(stream, length)
    return stream


def get():
    assert answer(request("/hello")) == b"hello\n"


def post_trailers():
    stream = start_echo(10)
    stream.end([("x-sum", "ten")])
    finish_echo(stream, 10)
    assert stream.trailers["x-sum"] == "ten", stream.trailers


def both_ways():
    stream = request("/echo", "POST")
    for round_ in range(1, 21):
        stream.body.clear()
        stream.write(body_of(round_))
        wait(lambda: len(stream.body) >= round_)
        assert stream.body == body_of(round_)
    stream.body.clear()
    stream.end()
    assert answer(stream) == b""
    assert stream.trailers["x-bytes"] == "210"


def concurrent():
    # As many as SETTINGS allow have to be known.
    get()
    streams = [start_echo(10_000 + i) for i in range(200)]
    for stream in streams:
        stream.end()
    for i, stream in enumerate(streams):
        finish_echo(stream, 10_000 + i)


def big_headers():
    big = "v" * 20_000
    assert echo(1, [("x-big", big)]).headers["x-big"] == big


def reset_by_client():
    stream = request("/hang")
    wait(lambda: stream.body)
    endpoint.conn.reset_stream(stream.id, ErrorCodes.CANCEL)
    while answer(request("/hanging")) != b"0":
        pass


def reset_by_server():
    stream = request("/reset")
    wait(lambda: stream.reset is not None)
    assert stream.reset == ErrorCodes.INTERNAL_ERROR, stream.reset
    get()


cases = {
    "get": get,
    "post_empty": lambda: echo(0),
    "post_byte": lambda: echo(1),
    "post_kib": lambda: echo(2**10),
    "post_1mib": lambda: echo(2**20),
    "post_16mib": lambda: echo(2**24),
    "post_trailers": post_trailers,
    "both_ways": both_ways,
    "concurrent": concurrent,
    "big_headers": big_headers,
    "reset_by_client": reset_by_client,
    "reset_by_server": reset_by_server,
    "small_window": lambda: echo(100_000),
    "large_window": lambda: echo(2**24),
}
cases[args.test_case]()
