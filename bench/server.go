// The same on Go's net: one message, one reply, and a log that is gathered for 20 ms.
package main

import (
	"bufio"
	"fmt"
	"math/big"
	"net"
	"os"
	"sync"
	"time"
)

var (
	log     = bufio.NewWriter(os.Stdout)
	logLock sync.Mutex
)

func print(format string, args ...any) {
	logLock.Lock()
	defer logLock.Unlock()
	fmt.Fprintf(log, format, args...)
}

func flush() {
	logLock.Lock()
	defer logLock.Unlock()
	log.Flush()
}

func reply(message []byte) string {
	number, ok := new(big.Int).SetString(string(message), 10)
	if !ok {
		return "Received data is not valid integer"
	}
	return number.Lsh(number, 1).String()
}

func handle(conn net.Conn) {
	defer conn.Close()
	port := conn.RemoteAddr().(*net.TCPAddr).Port
	print("Accepted connection from ('127.0.0.1', %d)\n", port)
	buffer := make([]byte, 1024)
	size, err := conn.Read(buffer)
	if err != nil {
		print("The client socket is closed\n")
		return
	}
	print("Received from client: %s\n", buffer[:size])
	conn.Write([]byte(reply(buffer[:size])))
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	print("Server is listening on %s\n", listener.Addr())
	flush()
	go func() {
		for range time.Tick(20 * time.Millisecond) {
			flush()
		}
	}()
	for {
		conn, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		go handle(conn)
	}
}
