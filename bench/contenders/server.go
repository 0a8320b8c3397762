// The same on Go's net, with a pool of buffers, and a log written in blocks of 64 KiB.
package main

import (
	"bufio"
	"math/big"
	"net"
	"os"
	"strconv"
	"sync"
)

var buffers = sync.Pool{New: func() any { return new([1024]byte) }}
var log, lock = bufio.NewWriterSize(os.Stdout, 1<<16), sync.Mutex{}

func print(before string, text []byte, after string) {
	lock.Lock()
	log.WriteString(before)
	log.Write(text)
	log.WriteString(after)
	lock.Unlock()
}

func handle(conn net.Conn) {
	buffer := buffers.Get().(*[1024]byte)
	port := strconv.AppendInt(buffer[:0], int64(conn.RemoteAddr().(*net.TCPAddr).Port), 10)
	print("Accepted connection from ('127.0.0.1', ", port, ")\n")
	size, _ := conn.Read(buffer[:])
	print("Received from client: ", buffer[:size], "\n")
	if number, err := strconv.ParseInt(string(buffer[:size]), 10, 62); err == nil {
		conn.Write(strconv.AppendInt(buffer[:0], 2*number, 10))
	} else if number, ok := new(big.Int).SetString(string(buffer[:size]), 10); ok {
		conn.Write(number.Lsh(number, 1).Append(buffer[:0], 10))
	}
	conn.Close()
	buffers.Put(buffer)
}

func main() {
	listener, _ := net.Listen("tcp", "127.0.0.1:"+os.Args[1])
	for {
		if conn, err := listener.Accept(); err == nil {
			go handle(conn)
		}
	}
}
