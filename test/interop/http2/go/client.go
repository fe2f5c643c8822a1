package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

var (
	client  http.Client
	origin  string
	dialled atomic.Int32
)

var big = strings.Repeat("v", 20_000)

func runCase() error {
	transport := &http.Transport{Protocols: protocols(), HTTP2: &http.HTTP2Config{}}
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		dialled.Add(1)
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	if *testCase == "large_window" {
		transport.HTTP2.MaxReceiveBufferPerStream = 1 << 24
		transport.HTTP2.MaxReceiveBufferPerConnection = 1 << 24
	}
	if *testCase == "small_window" {
		transport.HTTP2.MaxReceiveBufferPerStream = 100
	}
	scheme := "http"
	if *caFile != "" {
		scheme = "https"
		pem, err := os.ReadFile(*caFile)
		if err != nil {
			return err
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(pem)
		transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	origin = scheme + "://127.0.0.1:" + strconv.Itoa(*port)
	client.Transport = transport
	run, ok := cases[*testCase]
	if !ok {
		return fail("there is no case %s", *testCase)
	}
	return run()
}

var cases = map[string]func() error{
	"get":          func() error { return get("/hello", "hello\n") },
	"post_empty":   func() error { return post(0) },
	"post_byte":    func() error { return post(1) },
	"post_kib":     func() error { return post(1 << 10) },
	"post_1mib":    func() error { return post(1 << 20) },
	"post_16mib":   func() error { return post(1 << 24) },
	"small_window": func() error { return post(100_000) },
	"large_window": func() error { return post(1 << 24) },
	"post_trailers": func() error {
		request, _ := http.NewRequest("POST", origin+"/echo", io.NopCloser(bytes.NewReader(bodyOf(10))))
		request.Trailer = http.Header{"X-Sum": {"ten"}}
		answer, err := whole(client.Do(request))
		if err != nil {
			return err
		}
		if sum := answer.trailers.Get("X-Sum"); sum != "ten" {
			return fail("the trailer x-sum is %q", sum)
		}
		return nil
	},
	"both_ways": func() error {
		stream, err := openStream()
		if err != nil {
			return err
		}
		for round := 1; round <= 20; round++ {
			if err := stream.round(round); err != nil {
				return err
			}
		}
		return stream.end(210)
	},
	"concurrent": func() error {
		var all sync.WaitGroup
		failures := make(chan error, 200)
		if err := get("/hello", "hello\n"); err != nil {
			return err
		}
		for i := range 200 {
			all.Go(func() { failures <- post(10_000 + i) })
		}
		all.Wait()
		for range 200 {
			if err := <-failures; err != nil {
				return err
			}
		}
		if n := dialled.Load(); n != 1 {
			return fail("it took %d connections, not one", n)
		}
		return nil
	},
	"big_headers": func() error {
		request, _ := http.NewRequest("POST", origin+"/echo", nil)
		request.Header.Set("X-Big", big)
		answer, err := whole(client.Do(request))
		if err != nil {
			return err
		}
		if answer.header.Get("X-Big") != big {
			return fail("x-big came back as another")
		}
		return nil
	},
	"reset_by_client": func() error {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		request, _ := http.NewRequestWithContext(ctx, "GET", origin+"/hang", nil)
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		if _, err := io.ReadFull(response.Body, make([]byte, 1)); err != nil {
			return err
		}
		cancel()
		for get("/hanging", "0") != nil {
		}
		return oneConnection()
	},
	"reset_by_server": func() error {
		_, err := whole(client.Get(origin + "/reset"))
		if err == nil || !strings.Contains(err.Error(), "INTERNAL_ERROR") {
			return fail("not reset with INTERNAL_ERROR: %v", err)
		}
		if err := get("/hello", "hello\n"); err != nil {
			return err
		}
		return oneConnection()
	},
	"goaway": func() error {
		stream, err := openStream()
		if err != nil {
			return err
		}
		if err := stream.round(5); err != nil {
			return err
		}
		if err := get("/drain", "draining\n"); err != nil {
			return err
		}
		if err := stream.round(7); err != nil {
			return err
		}
		if err := stream.end(12); err != nil {
			return err
		}
		if err := get("/hello", "hello\n"); err != nil {
			return err
		}
		if n := dialled.Load(); n != 2 {
			return fail("it took %d connections, not two", n)
		}
		return nil
	},
}

func oneConnection() error {
	if n := dialled.Load(); n != 1 {
		return fail("it took %d connections, not one", n)
	}
	return nil
}

type answer struct {
	header, trailers http.Header
	body             []byte
}

func whole(response *http.Response, err error) (*answer, error) {
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != 200 || response.ProtoMajor != 2 {
		return nil, fail("%s %s", response.Proto, response.Status)
	}
	return &answer{response.Header, response.Trailer, body}, nil
}

func get(path, expected string) error {
	answer, err := whole(client.Get(origin + path))
	if err != nil {
		return err
	}
	if string(answer.body) != expected {
		return fail("%s gives %q", path, answer.body)
	}
	return nil
}

func post(length int) error {
	answer, err := whole(client.Post(origin+"/echo", "application/octet-stream", bytes.NewReader(bodyOf(length))))
	if err != nil {
		return err
	}
	if !bytes.Equal(answer.body, bodyOf(length)) {
		return fail("%d bytes came back of %d, or others", len(answer.body), length)
	}
	if n := answer.trailers.Get("X-Bytes"); n != strconv.Itoa(length) {
		return fail("the trailer x-bytes is %q", n)
	}
	return nil
}

// stream is a request and its response, both under way.
type stream struct {
	request  *io.PipeWriter
	response *http.Response
}

func openStream() (*stream, error) {
	reader, writer := io.Pipe()
	response, err := client.Post(origin+"/echo", "application/octet-stream", reader)
	return &stream{writer, response}, err
}

// round sends bytes, and waits until they come back.
func (s *stream) round(length int) error {
	if _, err := s.request.Write(bodyOf(length)); err != nil {
		return err
	}
	back := make([]byte, length)
	if _, err := io.ReadFull(s.response.Body, back); err != nil {
		return err
	}
	if !bytes.Equal(back, bodyOf(length)) {
		return fail("other bytes came back")
	}
	return nil
}

func (s *stream) end(total int) error {
	s.request.Close()
	answer, err := whole(s.response, nil)
	if err != nil {
		return err
	}
	if n := answer.trailers.Get("X-Bytes"); len(answer.body) > 0 || n != strconv.Itoa(total) {
		return fail("%d bytes more came, the trailer x-bytes is %q", len(answer.body), n)
	}
	return nil
}
