/** Two calls that work against `start --serve`. */
export function tryNext(url: string): string {
  return [
    `  node_modules/.bin/buf curl --schema proto --protocol grpc --http2-prior-knowledge -d '{"name":"Ada"}' ${url}/greet.v1.GreetService/Greet`,
    `  curl -H 'content-type: application/json' -d '{"path":"repository/README.md"}' ${url}/millrace.file.v1.FileService/Stat`,
    "",
  ].join("\n");
}
