// Command service is the demo's api-gateway: it answers every request with its version, well or badly as it is told.
//
//	VERSION        what it answers, in the body and in the header X-Version
//	FAIL_PERCENT   how many of 100 requests get status 503 (0)
//	SLOW_PERCENT   how many of 100 requests take SLOW_SECONDS (0)
//	SLOW_SECONDS   (1.5)
//	DRAIN_SECONDS  how long it goes on serving after SIGTERM (5)
//
// Faults are spread evenly, not drawn, so that a rate is a rate over any few seconds.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

type service struct {
	version    string
	fail, slow share
	delay      time.Duration
	metrics    metrics
	ending     atomic.Bool
}

func main() {
	s := &service{
		version: os.Getenv("VERSION"),
		fail:    share{percent: int64(number("FAIL_PERCENT", 0))},
		slow:    share{percent: int64(number("SLOW_PERCENT", 0))},
		delay:   seconds("SLOW_SECONDS", 1.5),
	}
	server := &http.Server{Addr: ":8080", Handler: s.routes(), ReadHeaderTimeout: 10 * time.Second}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		s.stopOnSignal(server, seconds("DRAIN_SECONDS", 5))
	}()
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		log.Fatal(err)
	}
	<-stopped
}

func (s *service) routes() http.Handler {
	routes := http.NewServeMux()
	routes.HandleFunc("/", s.answer)
	routes.HandleFunc("/health/startup", healthy)
	routes.HandleFunc("/health/live", healthy)
	routes.HandleFunc("/health/ready", s.ready)
	routes.HandleFunc("/metrics", s.metrics.serve)
	return routes
}

// stopOnSignal serves on for a while after SIGTERM, until whoever sends requests knows that this pod ends, then lets
// the requests in flight finish.
func (s *service) stopOnSignal(server *http.Server, drain time.Duration) {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM, syscall.SIGINT)
	<-asked
	s.ending.Store(true)
	time.Sleep(drain)
	limit, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := server.Shutdown(limit); err != nil {
		log.Print(err)
	}
}

func (s *service) answer(w http.ResponseWriter, _ *http.Request) {
	begun := time.Now()
	if s.slow.next() {
		time.Sleep(s.delay)
	}
	status := http.StatusOK
	if s.fail.next() {
		status = http.StatusServiceUnavailable
	}
	w.Header().Set("X-Version", s.version)
	w.WriteHeader(status)
	fmt.Fprintln(w, s.version)
	s.metrics.observe(status, time.Since(begun))
}

func healthy(http.ResponseWriter, *http.Request) {}

func (s *service) ready(w http.ResponseWriter, _ *http.Request) {
	if s.ending.Load() {
		http.Error(w, "ending", http.StatusServiceUnavailable)
	}
}

// share picks so many of every 100, evenly spread.
type share struct {
	percent int64
	asked   atomic.Int64
}

func (s *share) next() bool {
	n := s.asked.Add(1)
	return n*s.percent/100 != (n-1)*s.percent/100
}

func number(name string, otherwise float64) float64 {
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || value < 0 {
		log.Fatalf("%s is %q: a number of 0 or more is needed", name, text)
	}
	return value
}

func seconds(name string, otherwise float64) time.Duration {
	return time.Duration(number(name, otherwise) * float64(time.Second))
}
