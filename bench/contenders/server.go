// The same on Go's net, with a log written in blocks of 64 KiB.
package main

import (
	"bufio"
	"log"
	"math/big"
	"net"
	"os"
)

func handle(conn net.Conn) {
	defer conn.Close()
	log.Printf("Accepted connection from ('127.0.0.1', %d)", conn.RemoteAddr().(*net.TCPAddr).Port)
	buffer := make([]byte, 1024)
	size, _ := conn.Read(buffer)
	log.Printf("Received from client: %s", buffer[:size])
	if number, ok := new(big.Int).SetString(string(buffer[:size]), 10); ok {
		conn.Write([]byte(number.Lsh(number, 1).String()))
	}
}

func main() {
	log.SetFlags(0)
	log.SetOutput(bufio.NewWriterSize(os.Stdout, 1<<16))
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Args[1])
	for err == nil {
		if conn, err := listener.Accept(); err == nil {
			go handle(conn)
		}
	}
}
