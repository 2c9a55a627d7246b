// Command load sends GET requests at a constant rate and reports each one, until its input ends.
//
//	load -address 192.168.77.2:80 -host shop.test -rate 600
//
// One line per request: when it was sent (microseconds since 1970), microseconds until the answer was whole, status,
// header X-Version, error. An error of transport has status 0; a gateway's own answer has no version, and if it is an
// error its body is given as the error.
//
// Nothing is hidden: no request is ever sent twice. Connections are kept alive, as those of a proxy or a browser are,
// and one that nobody used for 5 s is not used again, since its other side may close it. A request that is due is sent
// even while others wait for their answers, up to 256 of them: where all is that slow, fewer are sent, as fewer users
// come back, and no gateway's limit on open requests is what is measured.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

const (
	answerLimit = 10 * time.Second
	idleLimit   = 5 * time.Second
	mostOpen    = 256
	mostLate    = time.Second
)

type connection struct {
	net.Conn
	reader *bufio.Reader
	used   time.Time
}

type load struct {
	address string
	request []byte
	idle    chan *connection
	output  *output
}

func main() {
	address := flag.String("address", "", "where the gateway listens")
	host := flag.String("host", "", "the host that is asked for")
	rate := flag.Float64("rate", 100, "requests a second")
	flag.Parse()
	if *address == "" || *host == "" || *rate <= 0 {
		log.Fatal("-address, -host and a -rate above 0 are needed")
	}
	text := fmt.Sprintf("GET / HTTP/1.1\r\nHost: %s\r\nUser-Agent: load\r\n\r\n", *host)
	l := &load{*address, []byte(text), make(chan *connection, mostOpen), newOutput()}
	l.run(time.Duration(float64(time.Second)/(*rate)), inputEnds())
}

func inputEnds() <-chan struct{} {
	ended := make(chan struct{})
	go func() {
		io.Copy(io.Discard, os.Stdin)
		close(ended)
	}()
	return ended
}

// run sends one request each interval; what is late is caught up on, unless it is very late. It returns when all
// answers are there.
func (l *load) run(interval time.Duration, ended <-chan struct{}) {
	var open sync.WaitGroup
	slots := make(chan struct{}, mostOpen)
	for due := time.Now(); ; due = due.Add(interval) {
		select {
		case <-ended:
			open.Wait()
			l.output.flush()
			return
		case <-time.After(time.Until(due)):
		}
		slots <- struct{}{}
		if late := time.Since(due); late > mostLate {
			due = due.Add(late)
		}
		open.Add(1)
		go func() {
			defer open.Done()
			l.send()
			<-slots
		}()
	}
}

func (l *load) send() {
	sent := time.Now()
	status, version, err := l.ask()
	l.output.write(sent, time.Since(sent), status, version, err)
}

func (l *load) ask() (int, string, error) {
	c, err := l.connect()
	if err != nil {
		return 0, "", err
	}
	status, version, keep, err := c.ask(l.request)
	if !keep {
		c.Close()
		return status, version, err
	}
	c.used = time.Now()
	select {
	case l.idle <- c:
	default:
		c.Close()
	}
	return status, version, err
}

// connect takes a connection that was used a short while ago, else makes one.
func (l *load) connect() (*connection, error) {
	for {
		select {
		case c := <-l.idle:
			if time.Since(c.used) < idleLimit {
				return c, nil
			}
			c.Close()
		default:
			made, err := net.DialTimeout("tcp", l.address, answerLimit)
			if err != nil {
				return nil, err
			}
			return &connection{made, bufio.NewReader(made), time.Now()}, nil
		}
	}
}

// ask sends the request once. It tells status, version, and whether the connection may be used again.
func (c *connection) ask(request []byte) (int, string, bool, error) {
	if err := c.SetDeadline(time.Now().Add(answerLimit)); err != nil {
		return 0, "", false, err
	}
	if _, err := c.Write(request); err != nil {
		return 0, "", false, err
	}
	answer, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.New("the connection was closed before the answer")
		}
		return 0, "", false, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, "", false, err
	}
	version := answer.Header.Get("X-Version")
	if answer.StatusCode >= 500 && version == "" {
		err = errors.New(string(body))
	}
	return answer.StatusCode, version, !answer.Close, err
}

// output writes lines together, ten times a second.
type output struct {
	mutex  sync.Mutex
	writer *bufio.Writer
}

func newOutput() *output {
	o := &output{writer: bufio.NewWriterSize(os.Stdout, 1<<16)}
	go func() {
		for range time.Tick(100 * time.Millisecond) {
			o.flush()
		}
	}()
	return o
}

func (o *output) write(sent time.Time, took time.Duration, status int, version string, err error) {
	problem := ""
	if err != nil {
		problem = strings.NewReplacer("\t", " ", "\n", " ").Replace(err.Error())
	}
	o.mutex.Lock()
	defer o.mutex.Unlock()
	fmt.Fprintf(o.writer, "%d\t%d\t%d\t%s\t%s\n", sent.UnixMicro(), took.Microseconds(), status, version, problem)
}

func (o *output) flush() {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if err := o.writer.Flush(); err != nil {
		log.Fatal(err) // nobody reads any more
	}
}
