// load PID PORT SECONDS CLIENTS IDLE ANSWER <MESSAGE: puts a load on a server, and prints the processor time that
// it took for a request, in µs. Idle clients send nothing; the others connect, send the message, read and close,
// over and over. Without a message each has its own number, which exposes a mix-up. Fails for a wrong answer.
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LOG_US = 60000 };  // how long a server may hold back its last answers and the last lines of its log
static struct sockaddr_in server = {.sin_family = AF_INET};  // at address 0.0.0.0: this machine
static char message[1024], *answer;
static volatile int size, answered;
static double end;

static double seconds(clockid_t clock) {
  struct timespec time;
  if (clock_gettime(clock, &time)) exit(fprintf(stderr, "the server has ended\n"));
  return time.tv_sec + time.tv_nsec / 1e9;
}

static int dial(void) {
  int client = socket(AF_INET, SOCK_STREAM, 0);
  connect(client, (void *)&server, sizeof server);
  return client;
}

static void *ask(void *number) {
  char own[16], want[16], got[2048];
  int length = sprintf(own, "%ld", (long)number);
  sprintf(want, "%ld", 2 * (long)number);
  while (!answered || seconds(CLOCK_MONOTONIC) < end) {
    int client = dial();
    send(client, size ? message : own, size ? size : length, MSG_NOSIGNAL);
    int read = recv(client, got, sizeof got - 1, 0);
    close(client);
    if (read <= 0) continue;
    got[read] = 0;
    if (strcmp(got, size ? answer : want)) exit(fprintf(stderr, "wrong answer: %s\n", got));
    __atomic_add_fetch(&answered, 1, __ATOMIC_RELAXED);
  }
  return 0;
}

int main(int, char **args) {
  // The clock of a process with all its threads, as clock_getcpuclockid names it.
  clockid_t clock = ~atoi(args[1]) << 3 | 2;
  server.sin_port = htons(atoi(args[2]));
  size = read(0, message, sizeof message);
  answer = args[6];
  for (int idle = atoi(args[5]); idle > 0; idle--) dial();
  if (args[5][0] != '0') usleep(LOG_US);
  double used = seconds(clock);
  end = seconds(CLOCK_MONOTONIC) + atof(args[3]);
  for (long i = 0; i < atoi(args[4]); i++) pthread_create(&(pthread_t){0}, 0, ask, (void *)(21 + i));
  alarm(30);
  do usleep(1e6 * atof(args[3]) + LOG_US); while (!answered);
  printf("%g\n", 1e6 * (seconds(clock) - used) / answered);
}
