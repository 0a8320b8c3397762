// The kernel's limit: reads, doubles, writes and closes, one client at a time.
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv) {
  struct sockaddr_in address = {AF_INET, htons(atoi(argv[argc - 1])), {htonl(INADDR_LOOPBACK)}};
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(listener, (void *)&address, sizeof address) || listen(listener, 4096)) return 1;
  for (int client; (client = accept(listener, 0, 0)) >= 0; close(client)) {
    char text[1024] = "";
    recv(client, text, sizeof text - 1, 0);
    send(client, text, sprintf(text, "%lld", 2 * atoll(text)), MSG_NOSIGNAL);
  }
}
