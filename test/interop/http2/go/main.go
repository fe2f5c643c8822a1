// The same server and client by net/http: `http2 server|client FLAGS`.
package main

import (
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
)

var (
	port     = flag.Int("port", 0, "the server's port")
	testCase = flag.String("test_case", "", "the client's case")
	caFile   = flag.String("ca_file", "", "who vouches for the server; absent: cleartext")
	certFile = flag.String("cert_file", "", "the server's certificate; absent: cleartext")
	keyFile  = flag.String("key_file", "", "its key")
	window   = flag.Int("window", 0, "what a stream may have under way at first, in bytes")
)

func main() {
	log.SetFlags(0)
	command := os.Args[1]
	if err := flag.CommandLine.Parse(os.Args[2:]); err != nil {
		log.Fatal(err)
	}
	run := map[string]func() error{"server": serve, "client": runCase}[command]
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

// protocols is HTTP/2 alone, whether over TLS or not.
func protocols() *http.Protocols {
	var only http.Protocols
	only.SetHTTP2(true)
	only.SetUnencryptedHTTP2(true)
	return &only
}

// bodyOf is so many bytes, the same in every program here.
func bodyOf(length int) []byte {
	const period = 65_521
	body := make([]byte, length)
	for i := range body {
		j := i % period
		body[i] = byte(j*7+j>>8) & 0x7f
	}
	return body
}

func fail(format string, args ...any) error { return fmt.Errorf(format, args...) }
