"""Runs connections through the package hpack: one JSON object a line in, one out. Strings have one character an octet."""

import json
import sys

from hpack import Decoder, Encoder, HPACKError


def decode(steps):
    decoder = Decoder(max_header_list_size=2**31)
    results = []
    for step in steps:
        if "setting" in step:
            decoder.max_allowed_table_size = step["setting"]
        try:
            fields = decoder.decode(bytes.fromhex(step["block"]), raw=True)
        except (HPACKError, UnicodeError):
            return [*results, "error"]
        results.append([text.decode("latin-1") for name, value in fields for text in (name, value)])
    return results


def encode(steps):
    encoder = Encoder()
    blocks = []
    for step in steps:
        if "setting" in step:
            encoder.header_table_size = step["setting"]
        octets = [text.encode("latin-1") for text in step["fields"]]
        blocks.append(encoder.encode(list(zip(octets[::2], octets[1::2]))).hex())
    return blocks


for line in sys.stdin:
    job = json.loads(line)
    print(json.dumps((decode if job["kind"] == "decode" else encode)(job["steps"])))
