module millrace.dev/interop/http2

go 1.26.0
