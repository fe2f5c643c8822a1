"""The same answers by the package h2, one thread a connection, until SIGTERM."""

import argparse
import socket
import ssl
import threading

from endpoint import Endpoint
from h2.errors import ErrorCodes
from hyperframe.frame import GoAwayFrame

flags = argparse.ArgumentParser()
flags.add_argument("--cert_file")
flags.add_argument("--key_file")
flags.add_argument("--window", type=int)
args = flags.parse_args()

context = None
if args.cert_file is not None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(args.cert_file, args.key_file)
    context.set_alpn_protocols(["h2"])


class Server:
    """One connection's answers."""

    def __init__(self, sock):
        self.hanging, self.draining = set(), False
        self.endpoint = Endpoint(sock, client=False, window=args.window)
        while self.endpoint.read(self.came):
            if self.draining and not self.endpoint.streams:
                break
        sock.close()

    def came(self, stream):
        path = stream.headers[":path"]
        if stream.reset is not None:
            self.hanging.discard(stream.id)
            del self.endpoint.streams[stream.id]
        elif path == "/echo":
            self.echo(stream)
        elif stream.ended:
            self.answer(stream, path)

    def answer(self, stream, path):
        conn, streams = self.endpoint.conn, self.endpoint.streams
        if path == "/reset":
            conn.reset_stream(stream.id, ErrorCodes.INTERNAL_ERROR)
            del streams[stream.id]
            return
        conn.send_headers(stream.id, [(":status", "200")])
        if path == "/hang":
            self.hanging.add(stream.id)
            stream.write(b"h")
            return
        stream.write({"/hello": b"hello\n", "/hanging": b"%d" % len(self.hanging), "/drain": b"draining\n"}[path])
        stream.end()
        if path == "/drain":
            self.draining = True
            # To h2 a connection is closed when it has said GOAWAY: the frame goes past it.
            self.endpoint.flush()
            self.endpoint.sock.sendall(GoAwayFrame(0, last_stream_id=conn.highest_inbound_stream_id).serialize())

    def echo(self, stream):
        if stream.is_new:
            stream.is_new = False
            head = [(":status", "200"), ("x-big", stream.headers.get("x-big", ""))]
            self.endpoint.conn.send_headers(stream.id, head)
        stream.write(stream.body)
        stream.body.clear()
        if stream.ended:
            stream.end([*stream.trailers.items(), ("x-bytes", str(stream.received))])


def serve(sock):
    try:
        Server(context.wrap_socket(sock, server_side=True) if context else sock)
    except ConnectionError:
        pass


listener = socket.create_server(("127.0.0.1", 0), backlog=128)
print(f"listening on 127.0.0.1:{listener.getsockname()[1]}", flush=True)
while True:
    connection, _ = listener.accept()
    threading.Thread(target=serve, args=(connection,), daemon=True).start()
