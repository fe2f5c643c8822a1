"""One connection of the package h2, client or server, and the streams on it."""

import socket

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    RequestReceived,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)
from h2.settings import SettingCodes

PERIOD = bytes((i * 7 + (i >> 8)) & 0x7F for i in range(65_521))


def body_of(length):
    """So many bytes, the same in every program here."""
    return (PERIOD * (length // len(PERIOD) + 1))[:length]


class Stream:
    """One exchange: what has come, and what waits to be sent."""

    def __init__(self, endpoint, stream_id):
        self.endpoint, self.id = endpoint, stream_id
        self.headers, self.trailers, self.body = {}, {}, bytearray()
        self.ended, self.reset, self.received = False, None, 0
        self.unsent, self.end_with, self.is_new = bytearray(), None, True

    def write(self, data):
        self.unsent += data
        self.send()

    def end(self, trailers=()):
        self.end_with = list(trailers)
        self.send()

    def send(self):
        """Sends what the windows let through."""
        conn = self.endpoint.conn
        while self.unsent:
            room = min(conn.local_flow_control_window(self.id), conn.max_outbound_frame_size)
            if room <= 0:
                return
            conn.send_data(self.id, bytes(self.unsent[:room]))
            del self.unsent[:room]
        if self.end_with is not None:
            if self.end_with:
                conn.send_headers(self.id, self.end_with, end_stream=True)
            else:
                conn.end_stream(self.id)
            self.end_with = None
            if not conn.config.client_side:
                del self.endpoint.streams[self.id]


class Endpoint:
    """Reads and writes a socket; `came` is told of each stream that something has come on."""

    def __init__(self, sock, *, client, window=None):
        self.sock = sock
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        config = H2Configuration(client_side=client, header_encoding="utf-8")
        self.conn = H2Connection(config)
        self.streams = {}
        if window is not None:
            self.conn.local_settings[SettingCodes.INITIAL_WINDOW_SIZE] = window
            self.conn.local_settings.acknowledge()
        self.conn.initiate_connection()
        if window is not None and window > 65_535:
            self.conn.increment_flow_control_window(window - 65_535)
        self.flush()

    def flush(self):
        data = self.conn.data_to_send()
        if data:
            self.sock.sendall(data)

    def open(self, headers, end_stream=False):
        stream = Stream(self, self.conn.get_next_available_stream_id())
        self.streams[stream.id] = stream
        self.conn.send_headers(stream.id, headers, end_stream)
        return stream

    def read(self, came=lambda stream: None):
        """Waits for bytes, and deals with them. False: there are no more."""
        self.flush()
        data = self.sock.recv(256 * 1024)
        if not data:
            return False
        for event in self.conn.receive_data(data):
            stream_id = getattr(event, "stream_id", None)
            if isinstance(event, RequestReceived):
                self.streams[stream_id] = Stream(self, stream_id)
            stream = self.streams.get(stream_id)
            if isinstance(event, ConnectionTerminated):
                if event.error_code != ErrorCodes.NO_ERROR:
                    raise RuntimeError(f"GOAWAY {event.error_code} {event.additional_data}")
            if stream is None:
                continue
            if isinstance(event, (RequestReceived, ResponseReceived)):
                stream.headers = dict(event.headers)
            elif isinstance(event, DataReceived):
                stream.body += event.data
                stream.received += len(event.data)
                if event.flow_controlled_length:
                    self.conn.acknowledge_received_data(event.flow_controlled_length, stream_id)
            elif isinstance(event, TrailersReceived):
                stream.trailers = dict(event.headers)
            elif isinstance(event, StreamEnded):
                stream.ended = True
            elif isinstance(event, StreamReset):
                stream.reset = event.error_code
            else:
                continue
            came(stream)
        for stream in list(self.streams.values()):
            if stream.reset is None and (stream.unsent or stream.end_with is not None):
                stream.send()
        self.flush()
        return True
