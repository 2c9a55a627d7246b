package main

import (
	"fmt"
	"net/http"
	"sort"
	"strconv"
	"sync"
	"time"
)

// bounds are the client libraries' default buckets, in seconds.
var bounds = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

// metrics are http_requests_total by status and the histogram http_request_duration_seconds.
type metrics struct {
	mutex    sync.Mutex
	requests map[int]int
	buckets  [12]int // the last one is for what is above all bounds
	sum      float64
}

func (m *metrics) observe(status int, took time.Duration) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.requests == nil {
		m.requests = map[int]int{}
	}
	m.requests[status]++
	m.buckets[sort.SearchFloat64s(bounds, took.Seconds())]++
	m.sum += took.Seconds()
}

func (m *metrics) serve(w http.ResponseWriter, _ *http.Request) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	fmt.Fprintln(w, "# TYPE http_requests_total counter")
	statuses := make([]int, 0, len(m.requests))
	for status := range m.requests {
		statuses = append(statuses, status)
	}
	sort.Ints(statuses)
	for _, status := range statuses {
		fmt.Fprintf(w, "http_requests_total{status=\"%d\"} %d\n", status, m.requests[status])
	}
	fmt.Fprintln(w, "# TYPE http_request_duration_seconds histogram")
	total := 0
	for i, count := range m.buckets {
		total += count
		bound := "+Inf"
		if i < len(bounds) {
			bound = strconv.FormatFloat(bounds[i], 'g', -1, 64)
		}
		fmt.Fprintf(w, "http_request_duration_seconds_bucket{le=\"%s\"} %d\n", bound, total)
	}
	fmt.Fprintf(w, "http_request_duration_seconds_sum %g\nhttp_request_duration_seconds_count %d\n", m.sum, total)
}
