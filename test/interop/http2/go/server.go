package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
)

func serve() error {
	var hanging atomic.Int32
	mux := http.NewServeMux()
	mux.HandleFunc("/hello", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "hello")
	})
	mux.HandleFunc("/echo", echo)
	mux.HandleFunc("/hang", func(w http.ResponseWriter, r *http.Request) {
		hanging.Add(1)
		defer hanging.Add(-1)
		io.WriteString(w, "h")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	mux.HandleFunc("/hanging", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, hanging.Load())
	})
	mux.HandleFunc("/reset", func(w http.ResponseWriter, r *http.Request) {
		panic(http.ErrAbortHandler)
	})
	mux.HandleFunc("/drain", func(w http.ResponseWriter, r *http.Request) {
		// GOAWAY, behind this answer.
		w.Header().Set("Connection", "close")
		fmt.Fprintln(w, "draining")
	})
	server := &http.Server{Handler: mux, Protocols: protocols(), HTTP2: &http.HTTP2Config{
		MaxReceiveBufferPerStream: *window,
	}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("listening on %s\n", listener.Addr())
	if *certFile == "" {
		return server.Serve(listener)
	}
	return server.ServeTLS(listener, *certFile, *keyFile)
}

func echo(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Big", r.Header.Get("X-Big"))
	flusher := w.(http.Flusher)
	flusher.Flush()
	bytes := 0
	buffer := make([]byte, 64*1024)
	for {
		n, err := r.Body.Read(buffer)
		bytes += n
		if n > 0 {
			w.Write(buffer[:n])
			flusher.Flush()
		}
		if err != nil {
			break
		}
	}
	for name, values := range r.Trailer {
		w.Header().Set(http.TrailerPrefix+name, values[0])
	}
	w.Header().Set(http.TrailerPrefix+"X-Bytes", strconv.Itoa(bytes))
}
