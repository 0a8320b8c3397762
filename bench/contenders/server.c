// The kernel's limit: an epoll loop that reads, doubles, writes and closes.
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

// Returns whether the client is finished with; it is not if nothing has arrived yet.
static int answer(int client) {
  char text[1024] = "";
  ssize_t size = recv(client, text, sizeof text - 1, 0);
  if (size < 0 && errno == EAGAIN) return 0;
  if (size > 0) send(client, text, sprintf(text, "%lld", 2 * atoll(text)), MSG_NOSIGNAL);
  return close(client) == 0;
}

int main(int argc, char **argv) {
  struct sockaddr_in address = {AF_INET, htons(atoi(argv[argc - 1])), {htonl(INADDR_LOOPBACK)}};
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), queue = epoll_create1(0), yes = 1;
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, ready[256];
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(listener, (void *)&address, sizeof address) || listen(listener, 4096)) return 1;
  epoll_ctl(queue, EPOLL_CTL_ADD, listener, &event);
  for (;;)
    for (int i = epoll_wait(queue, ready, 256, -1) - 1; i >= 0; i--)
      if (ready[i].data.fd != listener) answer(ready[i].data.fd);
      else while ((event.data.fd = accept4(listener, 0, 0, SOCK_NONBLOCK)) >= 0)
        if (!answer(event.data.fd)) epoll_ctl(queue, EPOLL_CTL_ADD, event.data.fd, &event);
}
