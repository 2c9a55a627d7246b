// Command echo answers every request with $VERSION and counts the answers for Prometheus; /ready is its probe.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
)

func main() {
	version := os.Getenv("VERSION")
	var answered atomic.Int64
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		answered.Add(1)
		fmt.Fprintln(w, version)
	})
	http.HandleFunc("/ready", func(http.ResponseWriter, *http.Request) {})
	http.HandleFunc("/metrics", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "# TYPE echo_requests_total counter\necho_requests_total{version=%q} %d\n", version, answered.Load())
	})
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	go func() { log.Fatal(http.ListenAndServe(":8080", nil)) }()
	<-stop
}
