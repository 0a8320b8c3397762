// load PID PORT SECONDS CLIENTS IDLE ANSWER <MESSAGE: puts a load on a server, and prints the processor time that
// it took for a request, in µs. Idle clients send nothing; the others connect, send the message, read and close,
// over and over. Without a message each has its own number, which exposes a mix-up. Fails for a wrong answer.
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { LOG_US = 60000 };  // how long a server may hold back the last lines of its log
static struct sockaddr_in server = {.sin_family = AF_INET};
static struct timeval patience = {.tv_sec = 1};
static char message[1024], *answer;
static int size, answered;
static double end;

static double seconds(clockid_t clock) {
  struct timespec time;
  if (clock_gettime(clock, &time)) exit(fprintf(stderr, "the server has ended\n"));
  return time.tv_sec + time.tv_nsec / 1e9;
}

static int dial(void) {
  int client = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  connect(client, (void *)&server, sizeof server);
  return client;
}

static void *ask(void *number) {
  char own[16], want[16], got[2048];
  sprintf(own, "%ld", (long)number);
  sprintf(want, "%ld", 2 * (long)number);
  while (seconds(CLOCK_MONOTONIC) < end) {
    int client = dial();
    send(client, size ? message : own, size ? size : (int)strlen(own), MSG_NOSIGNAL);
    int length = recv(client, got, sizeof got - 1, 0);
    close(client);
    if (length <= 0) continue;
    got[length] = 0;
    if (strcmp(got, size ? answer : want)) exit(fprintf(stderr, "wrong answer: %s\n", got));
    __atomic_add_fetch(&answered, 1, __ATOMIC_RELAXED);
  }
  return 0;
}

int main(int count, char **args) {
  if (count != 7) return 2;
  int clients = atoi(args[4]);
  pthread_t threads[clients];
  // The clock of a process with all its threads, as clock_getcpuclockid names it.
  clockid_t clock = ~atoi(args[1]) << 3 | 2;
  server.sin_port = htons(atoi(args[2]));
  server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  size = read(0, message, sizeof message);
  answer = args[6];
  for (int idle = atoi(args[5]); idle > 0; idle--) dial();
  if (args[5][0] != '0') usleep(LOG_US);
  double used = seconds(clock);
  end = seconds(CLOCK_MONOTONIC) + atof(args[3]);
  for (long i = 0; i < clients; i++) pthread_create(&threads[i], 0, ask, (void *)(21 + i));
  for (int i = 0; i < clients; i++) pthread_join(threads[i], 0);
  usleep(LOG_US);
  printf("%g\n", 1e6 * (seconds(clock) - used) / answered);
}
